import { type Agent, type AgentResponse } from '../agent.ts'
import { abortable } from '../async.ts'
import { joinToken } from '../continuationToken.ts'
import { type ConnectionEvent } from '../reduce.ts'
import { hasEnded, isOutcome, type Run } from '../run.ts'
import { type RunKey } from '../store/runStore.ts'
import { type RunOutcome } from '../update.ts'
import { backoff } from './backoff.ts'
import { classify, isAnswer } from './classify.ts'
import { type EngineContext } from './context.ts'
import { isHidden } from './isHidden.ts'
import { createWaker, type WakeReason } from './waker.ts'

/** Stops a run for good: asks until the server has said how it ended. */
export interface Stopping {
  /**
   * Resolves when the run has ended, or nobody needs the engine any more.
   * @param wanted the person has just asked for it, so one try is made whatever the browser says of the network
   */
  stop(wanted?: boolean): Promise<void>
  wake(reason: WakeReason): void
}

export interface StoppingOptions {
  context: EngineContext
  key: RunKey
  run(): Run
  handle(): string | null
  connection(event: ConnectionEvent): void
  end(outcome: RunOutcome, response?: AgentResponse): void
  /** Aborts when there is nothing more to stop. */
  signal: AbortSignal
}

export function createStopping({ context, key: { session, id }, run, handle, connection, end, signal }: StoppingOptions): Stopping {
  const waker = createWaker(context.network)
  let stopping: Promise<void> | null = null

  /** `null`: the connection is not trusted any more, or the person will not wait for it. */
  async function cancel(): Promise<AgentResponse | null> {
    const leg = waker.leg(signal)
    try {
      const known = handle()
      const continuationToken = known === null ? null : joinToken(known, run().cursor)
      const cancelled = context.agent().cancel({ session, runId: id, continuationToken, signal: leg.signal })
      const response = await abortable(cancelled, leg.signal)
      waker.touch()
      return response
    } catch (error) {
      if (isAnswer(error)) waker.touch()
      if (leg.signal.aborted && !signal.aborted) return null
      throw error
    } finally {
      leg.release()
    }
  }

  async function cancelUntilEnded(): Promise<void> {
    let attempt = 0
    // Once nobody needs the engine it is up to whoever reads the run next: that it was stopped is stored.
    while (!hasEnded(run()) && context.active()) {
      let floorMs = 0
      let asked: Agent | null = null
      try {
        await waker.online(signal)
        if (hasEnded(run()) || !context.active()) return
        asked = context.agent()
        const response = await cancel()
        if (response === null) continue
        if (isOutcome(response.state)) return end(response.state, response)
      } catch (error) {
        if (signal.aborted) return
        const verdict = classify(error, false)
        if (verdict.type === 'end') return end(verdict.outcome)
        // Somebody may have signed in while it was said that somebody has to.
        if (verdict.type === 'pause' && context.agent() !== asked) continue
        if (verdict.type === 'pause') {
          // Of a run that was never started nothing else may be said: whoever reads it would start it.
          if (handle() !== null) connection({ type: 'connection', state: { type: 'paused', reason: 'unauthorized' } })
          await waker.pause(signal)
          connection({ type: 'connection', state: { type: 'stopping' } })
          continue
        }
        floorMs = verdict.floorMs
      }
      attempt += 1
      await waker.sleep(backoff(attempt, floorMs, isHidden(), context.options.backoff), signal, floorMs)
    }
  }

  return {
    stop(wanted = false) {
      stopping ??= cancelUntilEnded()
        .catch((error: unknown) => {
          if (!signal.aborted) context.fault(error)
        })
        .finally(() => {
          stopping = null
        })
      if (wanted) waker.wake('asked')
      return stopping
    },
    wake(reason) {
      // What the person wants while nothing is stopped is not for a later stop.
      if (stopping) waker.wake(reason)
    },
  }
}
