import { delay, isRejoinError } from '@rejoin/core'
import { type LogWriter } from '../../logs/writer.ts'
import { entryOf, type AgentGenerator, type GeneratorContext } from './generator.ts'

/** After this many items without a pause the event loop gets a turn, for everybody else's streams. */
export const itemsPerTurn = 4_096

/** Runs a generator into a log, to its end. Never rejects. */
export async function produce(
  generator: AgentGenerator,
  context: GeneratorContext,
  writer: LogWriter,
  onError: (error: unknown) => void,
): Promise<void> {
  const { signal } = context
  let items = 0
  try {
    for await (const item of generator(context)) {
      if (signal.aborted) return
      const entry = entryOf(item)
      if (entry !== null && !writer.write(entry)) return
      items += 1
      if (items % itemsPerTurn === 0) await delay(0)
    }
    await writer.end({ type: 'completed' })
  } catch (error) {
    // A generator that throws because it was cancelled has done as it was told.
    if (signal.aborted) return
    onError(error)
    await writer.end({ type: 'failed', code: isRejoinError(error) ? error.code : 'agent_failed' })
  }
}
