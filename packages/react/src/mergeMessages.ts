import { type ChatMessage } from '@rejoin/core'

/** The history, then what the session has itself. */
export type MergeMessages = (own: readonly ChatMessage[]) => readonly ChatMessage[]

/**
 * What the history and the session both have is the session's, a whole turn at a time: an answer that
 * was asked for again must not come back without its question.
 *
 * Thousands of earlier messages are not sorted out again for each frame: only when the session has
 * other messages than before, and not when one of them has grown.
 */
export function createMergeMessages(history: readonly ChatMessage[]): MergeMessages {
  let ids: readonly string[] = []
  let earlier = history

  return (own) => {
    if (ids.length !== own.length || own.some(({ id }, at) => id !== ids[at])) {
      ids = own.map(({ id }) => id)
      earlier = withoutTurnsOf(new Set(ids), history)
    }
    return earlier.length === 0 ? own : [...earlier, ...own]
  }
}

function withoutTurnsOf(ids: ReadonlySet<string>, history: readonly ChatMessage[]): readonly ChatMessage[] {
  let taken = false
  return history.filter(({ id, role }) => {
    taken = ids.has(id) || (taken && role === 'assistant')
    return !taken
  })
}
