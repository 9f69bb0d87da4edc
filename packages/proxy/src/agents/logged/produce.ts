import { delay, isRejoinError, type RunOutcome } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { type LogWriter } from '../../logs/writer.ts'

/** What a source comes to: entries, or how the run has ended. */
export type Produced =
  | { readonly type: 'entries'; readonly entries: readonly LogEntry[]; readonly checkpoint?: unknown }
  | { readonly type: 'end'; readonly outcome: RunOutcome }

/** After this many items without a pause the event loop gets a turn, for everybody else's streams. */
const itemsPerTurn = 4_096

/** Writes a source to its end, which is `completed` where it names no other. Never rejects. */
export async function produce<T>(
  source: () => AsyncIterable<T>,
  produced: (item: T) => Produced,
  { writer, signal, onError }: { writer: LogWriter; signal: AbortSignal; onError: (error: unknown) => void },
): Promise<void> {
  let items = 0
  try {
    for await (const item of source()) {
      if (signal.aborted) return
      const next = produced(item)
      if (next.type === 'end') return await writer.end(next.outcome)
      if (!writer.write(next.entries, next.checkpoint)) return
      items += 1
      if (items % itemsPerTurn === 0) await delay(0)
    }
    await writer.end({ type: 'completed' })
  } catch (error) {
    // A source that throws because it was cancelled has done as it was told.
    if (signal.aborted) return
    onError(error)
    await writer.end({ type: 'failed', code: isRejoinError(error) ? error.code : 'agent_failed' })
  }
}
