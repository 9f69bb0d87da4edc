import {
  delay,
  isRejoinError,
  type AnswerPart,
  type PauseReason,
  type RequestPart,
  type RunOutcome,
  type Usage,
} from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { type LogWriter } from '../../logs/writer.ts'

/** What a source comes to: entries, a question to the person, or how the run has ended. */
export type Produced =
  | { readonly type: 'entries'; readonly entries: readonly LogEntry[]; readonly checkpoint?: unknown }
  | ProducedPause
  | {
      readonly type: 'end'
      readonly outcome: RunOutcome
      /** What the next turn goes on from; of a source whose history the log keeps it is the log's. */
      readonly conversation?: string
      readonly usage?: Usage
    }

/** The run waits for the person. */
export interface ProducedPause {
  readonly type: 'pause'
  readonly reason: PauseReason
  /** Written before it, one part each. Their ids are made with the context's `requestId`. */
  readonly requests: readonly RequestPart[]
  /** Noted with it. */
  readonly checkpoint?: unknown
  readonly conversation?: string
  readonly usage?: Usage
  /**
   * Called with what the person has answered, when a further run has brought that: what the source gives from then on
   * is that run's. Without it the source is done with this item, and is read anew for the run that answers.
   */
  readonly answered?: (answers: readonly AnswerPart[]) => void
}

/** After this many items without a pause the event loop gets a turn, for everybody else's streams. */
const itemsPerTurn = 4_096

/** Where it is written to. */
export interface Production {
  /** Of the run that is worked on now. */
  writer(): LogWriter
  /** Writes the pause. Resolves with the answers when another run has brought them; with `null` where nobody goes on here. */
  pause(pause: ProducedPause): Promise<readonly AnswerPart[] | null>
  readonly signal: AbortSignal
  onError(error: unknown): void
}

/** Writes a source to its end, which is `completed` where it names no other. Never rejects. */
export async function produce<T>(
  source: () => AsyncIterable<T>,
  produced: (item: T) => Produced,
  { writer, pause, signal, onError }: Production,
): Promise<void> {
  let items = 0
  try {
    for await (const item of source()) {
      if (signal.aborted) return
      const next = produced(item)
      if (next.type === 'end') return await writer().end(next)
      if (next.type === 'pause') {
        const answers = await pause(next)
        if (answers === null) return
        next.answered?.(answers)
        continue
      }
      if (!writer().write(next.entries, next.checkpoint)) return
      items += 1
      if (items % itemsPerTurn === 0) await delay(0)
    }
    await writer().end({ outcome: { type: 'completed' } })
  } catch (error) {
    // A source that throws because it was cancelled has done as it was told.
    if (signal.aborted) return
    onError(error)
    await writer().end({ outcome: { type: 'failed', code: isRejoinError(error) ? error.code : 'agent_failed' } })
  }
}
