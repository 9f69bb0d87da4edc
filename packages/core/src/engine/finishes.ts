import { hasEnded, type Run } from '../run.ts'
import { type RunRecord } from '../store/runStore.ts'
import { type EngineContext } from './context.ts'
import { answerOf, isFinished, viewOf, type Answers, type FinishedRun } from './sessionSnapshot.ts'

/** Tells whoever wants to know that a run has ended: once in this browser, whichever tab gets there first. */
export interface Finishes {
  /** Does nothing with a run that goes on, or was announced before. */
  announce(run: Run): void
  /** What the store says has been announced is not announced again. */
  know(record: RunRecord): void
  add(handler: (finished: FinishedRun) => void): void
  remove(handler: (finished: FinishedRun) => void): void
  /** Whether anybody wants to know: only then is the end of a run claimed. */
  wanted(): boolean
}

const claim = 'finish'

export function createFinishes(context: EngineContext, answers: Answers): Finishes {
  const handlers = new Set<(finished: FinishedRun) => void>()
  const announced = new Set<string>()

  async function tell(run: Run): Promise<void> {
    const { session, id } = run.start
    const won = await context.storage.attempt((store) => store.claimOnce({ session, id }, claim), true)
    const view = viewOf(run)
    if (!won || !isFinished(view)) return
    for (const handler of handlers) {
      try {
        handler({ message: answerOf(run, answers), run: view })
      } catch (error) {
        context.fault(error)
      }
    }
  }

  return {
    announce(run) {
      if (handlers.size === 0 || !hasEnded(run) || announced.has(run.start.id)) return
      announced.add(run.start.id)
      void tell(run)
    },
    know({ start, claims }) {
      if (claims.includes(claim)) announced.add(start.id)
    },
    add: (handler) => void handlers.add(handler),
    remove: (handler) => void handlers.delete(handler),
    wanted: () => handlers.size > 0,
  }
}
