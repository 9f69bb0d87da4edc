import { type RunOutcome } from '@rejoin/core'
import { type ApiObject } from './apiResponse.ts'
import { isPending, openItems } from './openItems.ts'

/** The response that a turn goes on from. */
export interface Previous {
  readonly id: string
  /** Whether it has asked for something that the next turn owes it: results, decisions. */
  readonly open: boolean
  /** The run that has asked the person about that; `null` where nobody was asked. */
  readonly askedBy: string | null
}

/**
 * What the next turn goes on from: this response, where it was kept and says something. One that has failed or was
 * cancelled the API keeps no answer of, and promises nothing for those that follow it: the turn is left out.
 */
export function conversationOf(
  { id, stored }: { readonly id: string; readonly stored: boolean },
  outcome: RunOutcome,
  output: readonly ApiObject[] | null,
): string | null {
  if (!stored || (outcome.type !== 'completed' && outcome.type !== 'incomplete')) return null
  const open = openItems(output ?? [])
  // Nobody here can say what those have come to.
  if (open.some((item) => !isPending(item))) return null
  // Some servers make ids of anything.
  return id.replaceAll('@', '@@') + (open.length > 0 ? '@open' : '')
}

/** What a run says that asks the person about what is open: who answers has to know which one it was. */
export function askedIn(conversation: string, runId: string): string {
  return `${conversation}:${runId}`
}

/** What a name of ours says; `null` of another's. */
export function previousIn(conversation: string): Previous | null {
  const [, id, mark, askedBy = null] = /^((?:[^@]|@@){1,512})(@open(?::([^@]+))?)?$/.exec(conversation) ?? []
  return id === undefined ? null : { id: id.replaceAll('@@', '@'), open: mark !== undefined, askedBy }
}
