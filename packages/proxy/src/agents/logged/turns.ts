import { RejoinError, type ChatMessage } from '@rejoin/core'
import { type EventLog } from '../../logs/eventLog.ts'
import { ownerOf } from './handle.ts'
import { shownBy, updatesTo } from './kept.ts'

export interface TurnsOptions {
  readonly user: string | null
  readonly session: string
  /** No more than the latest so many; what comes before them is not looked for. */
  readonly maxTurns: number
}

/**
 * What was said up to and with a run, oldest first: what each was asked, and what it has answered.
 * @param last its handle; `null` where nothing was said before
 * @throws RejoinError `conversation_lost` where the log no longer has all of it, or it is not of this user and session
 */
export async function turnsUpTo(log: EventLog, last: string | null, { user, session, maxTurns }: TurnsOptions): Promise<ChatMessage[]> {
  const turns: ChatMessage[][] = []
  let at = last
  while (at !== null && turns.length < maxTurns) {
    const owner = ownerOf(at)
    const [head, asked] = owner?.user === user ? await Promise.all([log.peek(at), log.asked(at)]) : [null, null]
    if (owner === null || head === null || asked?.session !== session) throw new RejoinError('conversation_lost')
    const { parts } = shownBy(await updatesTo(log, at, head.cursor))
    const answer: ChatMessage = { id: owner.runId, role: 'assistant', parts }
    // What failed before its first word has said nothing.
    turns.push(parts.length === 0 ? [...asked.messages] : [...asked.messages, answer])
    at = asked.previous
  }
  return turns.toReversed().flat()
}
