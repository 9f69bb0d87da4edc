import { answersIn, RejoinError, requestsIn, type ChatMessage } from '@rejoin/core'
import { type EventLog, type LogHead } from '../../logs/eventLog.ts'
import { assertAnswered } from '../assertAnswered.ts'
import { dueAt } from './answerTo.ts'
import { handleOf } from './handle.ts'
import { shownBy, updatesTo } from './kept.ts'
import { askingRun } from './requestId.ts'

/** A run that waits for what a message answers. */
export interface WaitingRun {
  readonly handle: string
  readonly head: LogHead
}

/**
 * The run that a message answers; `null` where it answers none. Its name is looked for among the caller's own runs.
 * @throws RejoinError `not_found` where no run of this user and session waits for that (any more), `invalid_request`
 * where it is no answer to all that the run asks, each of its kind
 */
export async function runWaitingFor(
  log: EventLog,
  message: ChatMessage | undefined,
  { user, session, maxPauseMs }: { readonly user: string | null; readonly session: string; readonly maxPauseMs: number },
): Promise<WaitingRun | null> {
  const answers = message ? answersIn(message) : []
  const [first] = answers
  if (first === undefined) return null
  const runId = askingRun(first.request)
  if (runId === null) throw new RejoinError('not_found')
  const handle = handleOf({ user, runId })
  const [head, asked] = await Promise.all([log.peek(handle), log.asked(handle)])
  if (!head?.pause || asked?.session !== session || dueAt(head, maxPauseMs) <= Date.now()) throw new RejoinError('not_found')
  assertAnswered(requestsIn(shownBy(await updatesTo(log, handle, head.cursor))), answers)
  return { handle, head }
}
