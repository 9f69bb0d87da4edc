import { type Agent } from '../agent.ts'
import { isRejoinError } from '../error.ts'
import { type EngineContext } from './context.ts'
import { createLiveRun } from './liveRun.ts'
import { type RunBrief } from './news.ts'
import { type WakeReason } from './waker.ts'

/** Looks after a run whose session nobody shows: asks from time to time how it is, and stores its end. */
export interface Watch {
  enter(): void
  leave(): void
  wake(reason: WakeReason): void
  forget(): void
  /** Another tab reads the run, or is about to. */
  giveWay(): void
}

/** Nobody looks at these runs, so they are asked for less often than one in poll mode. */
const sparing = { intervalMs: 5_000, capMs: 30_000 }

/** After it has given way, a watch waits for this long before it queues for the run again. */
const giveWayMs = 5_000

const never = new Promise<never>(() => {})

/**
 * Whichever tab has the run's lock asks, so it is one. Starts nothing, and does not believe that a run is gone: a user may have
 * runs of several agents, and this one need not be ours.
 * @param onStrange the agent knows nothing of the run
 */
export function createWatch(context: EngineContext, { id, session, startedAt }: RunBrief, onStrange: () => void): Watch {
  const { options, news } = context
  const { intervalMs, capMs } = sparing
  const poll = { intervalMs: Math.max(options.poll?.intervalMs ?? 0, intervalMs), capMs: Math.max(options.poll?.capMs ?? 0, capMs) }
  let timer: ReturnType<typeof setTimeout> | undefined

  function leave(): void {
    clearTimeout(timer)
    live.leave()
  }

  async function unlessStrange<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!isRejoinError(error) || (error.code !== 'not_found' && error.code !== 'token_invalid')) throw error
      leave()
      onStrange()
      return await never
    }
  }

  function careful(agent: Agent): Agent {
    return {
      async run(messages, run) {
        // A session that has been opened meanwhile answers, and takes over.
        news.tell({ type: 'watching', session, run: id }, true)
        if (messages.length > 0) return await never
        return await unlessStrange(() => agent.run([], run))
      },
      runStreaming: (messages, run) => agent.runStreaming(messages, run),
      cancel: (run) => unlessStrange(() => agent.cancel(run)),
    }
  }

  const live = createLiveRun({
    context: { ...context, agent: () => careful(context.agent()), options: { ...options, poll } },
    start: { id, session, message: null, createdAt: startedAt },
    mode: () => 'poll',
    post() {},
    onChange() {},
  })

  return {
    enter: live.enter,
    leave,
    wake: live.wake,
    forget() {
      clearTimeout(timer)
      live.forget()
    },
    giveWay() {
      leave()
      timer = setTimeout(live.enter, giveWayMs)
    },
  }
}
