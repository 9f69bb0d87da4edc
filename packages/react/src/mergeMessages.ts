import { type ChatMessage } from '@rejoin/core'

/** History first, then what the session has itself. */
export type MergeMessages = (history: readonly ChatMessage[], own: readonly ChatMessage[]) => readonly ChatMessage[]

/**
 * What the history and the session both have is the session's, a whole turn at a time: an answer that
 * was asked for again must not come back without its question.
 *
 * Remembers its last result: the array changes when a message does, however often it is asked for, and
 * thousands of earlier messages are not sorted out again for each frame.
 */
export function createMergeMessages(): MergeMessages {
  let history: readonly ChatMessage[] = []
  let own: readonly ChatMessage[] = []
  let earlier: readonly ChatMessage[] = []
  let merged: readonly ChatMessage[] = []

  return (nextHistory, nextOwn) => {
    const sameHistory = sameItems(history, nextHistory)
    if (sameHistory && sameItems(own, nextOwn)) return merged
    const sameIds = own.length === nextOwn.length && own.every(({ id }, at) => id === nextOwn[at]?.id)
    if (!sameHistory || !sameIds) earlier = withoutTurnsOf(nextOwn, nextHistory)
    history = nextHistory
    own = nextOwn
    merged = earlier.length === 0 ? own : [...earlier, ...own]
    return merged
  }
}

function withoutTurnsOf(own: readonly ChatMessage[], history: readonly ChatMessage[]): readonly ChatMessage[] {
  const ids = new Set(own.map(({ id }) => id))
  let taken = false
  return history.filter(({ id, role }) => {
    taken = ids.has(id) || (taken && role === 'assistant')
    return !taken
  })
}

function sameItems(a: readonly ChatMessage[], b: readonly ChatMessage[]): boolean {
  return a === b || (a.length === b.length && a.every((message, at) => message === b[at]))
}
