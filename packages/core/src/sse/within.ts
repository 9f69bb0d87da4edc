import { abortable, linkedAbort } from '../async.ts'
import { RejoinError } from '../error.ts'
import { watchdog } from './watchdog.ts'

/**
 * What `ask` gives within `ms`. A half-open socket gives no error, so an answer that is due at once needs a limit.
 * @throws RejoinError `stalled`
 */
export async function within<T>(
  ms: number,
  parent: AbortSignal | undefined,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = linkedAbort(parent)
  const alive = watchdog(ms, () => limit.abort(new RejoinError('stalled')))
  try {
    return await abortable(ask(limit.signal), limit.signal)
  } finally {
    alive.stop()
    limit.release()
    // Closes what was not read: the page of a gateway, say.
    limit.abort(new DOMException('The answer has been read.', 'AbortError'))
  }
}
