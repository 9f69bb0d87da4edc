import { answersIn, type ChatMessage } from '@rejoin/core'
import { entryBytes, type Asked, type EventLog, type LoggedUpdate } from '../../logs/eventLog.ts'
import { ownerOf } from './handle.ts'
import { updatesTo } from './kept.ts'
import { type LeftBehind } from './loggedSource.ts'

/** What is there of a run, and of those that it goes on from as their answer. */
export interface Legs {
  /** The run that was asked first. */
  readonly runId: string
  readonly messages: readonly ChatMessage[]
  readonly previous: string | null
  readonly left: LeftBehind
  /** Of the last one alone. */
  readonly writtenBytes: number
}

/** Whether a run goes on with the one before it, and is no turn of its own. */
export function isAnswer(asked: Asked | null): asked is Asked & { readonly previous: string } {
  const last = asked?.messages.at(-1)
  return last !== undefined && asked?.previous != null && answersIn(last).length > 0
}

/**
 * `null` where the log no longer has all of it.
 * @param joined whether a run that answers goes on where the one that has asked stood; where not, each is by itself
 */
export async function legsOf(log: EventLog, last: string, joined: boolean): Promise<Legs | null> {
  const updates: LoggedUpdate[][] = []
  const answers: LeftBehind['answers'][number][] = []
  let checkpoint: unknown = null
  for (let handle = last; ; ) {
    const owner = ownerOf(handle)
    const [head, asked] = await Promise.all([log.peek(handle), log.asked(handle)])
    if (owner === null || head === null || asked === null) return null
    updates.unshift(await updatesTo(log, handle, head.cursor))
    checkpoint ??= head.checkpoint
    if (joined && isAnswer(asked)) {
      answers.unshift(...asked.messages.flatMap(answersIn))
      handle = asked.previous
      continue
    }
    const { messages, previous } = asked
    const writtenBytes = (updates.at(-1) ?? []).reduce((bytes, update) => bytes + entryBytes(update), 0)
    return { runId: owner.runId, messages, previous, left: { updates: updates.flat(), checkpoint, answers }, writtenBytes }
  }
}
