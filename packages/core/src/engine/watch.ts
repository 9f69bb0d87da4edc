import { type Agent } from '../agent.ts'
import { forever } from '../async.ts'
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
export const sparing = { intervalMs: 5_000, capMs: 30_000 }

/** After it has given way, a watch waits for this long before it queues for the run again. */
const giveWayMs = 5_000

/** Where no lock says so, a tab that reads a run has this long to say that it does. Milliseconds. */
const answerWithinMs = 1_000

/**
 * Whichever tab has the run's lock asks, so it is one. Starts nothing, and does not believe that a run is gone: a user may have
 * runs of several agents, and this one need not be ours.
 * @param intervalMs at least this long after the first time
 * @param onStrange the agent knows nothing of the run
 */
export function createWatch(context: EngineContext, { id, session, startedAt }: RunBrief, intervalMs: number, onStrange: () => void): Watch {
  const { options, news, tabs } = context
  const { capMs } = sparing
  const poll = { intervalMs: Math.max(options.poll?.intervalMs ?? 0, intervalMs), capMs: Math.max(options.poll?.capMs ?? 0, capMs) }
  let timer: ReturnType<typeof setTimeout> | undefined

  function ask(): void {
    // A session that has been opened meanwhile answers, and takes over.
    news.tell({ type: 'watching', session, run: id }, true)
  }

  function enter(): void {
    if (tabs.exclusive) return live.enter()
    // Who claims a run that another tab reads keeps that one from storing it.
    ask()
    timer = setTimeout(live.enter, answerWithinMs)
  }

  function leave(): void {
    clearTimeout(timer)
    live.leave()
  }

  async function unlessStrange<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (!isRejoinError(error) || (error.code !== 'not_found' && error.code !== 'token_invalid')) throw error
      leave()
      onStrange()
      return await forever(signal)
    }
  }

  function careful(agent: Agent): Agent {
    return {
      async run(messages, run) {
        ask()
        run.signal?.throwIfAborted()
        if (messages.length > 0) return await forever(run.signal)
        return await unlessStrange(() => agent.run([], run), run.signal)
      },
      runStreaming: (messages, run) => agent.runStreaming(messages, run),
      cancel: (run) => unlessStrange(() => agent.cancel(run), run.signal),
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
    enter,
    leave,
    wake: live.wake,
    forget() {
      clearTimeout(timer)
      live.forget()
    },
    giveWay() {
      leave()
      timer = setTimeout(enter, giveWayMs)
    },
  }
}
