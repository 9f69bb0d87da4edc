import {
  answersIn,
  isRejoinError,
  RejoinError,
  type AgentRunOptions,
  type AnswerPart,
  type ChatMessage,
  type DecisionPart,
} from '@rejoin/core'
import { stringIn } from '../json.ts'
import { type ApiObject } from './apiResponse.ts'
import { type ResponsesClient } from './client.ts'
import { previousIn } from './conversation.ts'
import { inputOf } from './input.ts'
import { isPending, openItems, type PendingItem } from './openItems.ts'

/** What a start says to the model, beside what every request of the agent says. */
export interface Turn {
  /** The response it goes on from. */
  readonly previous: string | null
  /** What the person says now, with all before it where `previous` does not bring that. */
  readonly input: readonly ApiObject[]
  /** What `previous` waits for, with the decisions there are: `null` where the person has passed it over. */
  readonly pending: readonly Pending[]
}

export interface Pending {
  readonly item: PendingItem
  readonly decision: DecisionPart | null
}

/**
 * Reads a start. What waits at the provider is asked for there, so that nothing is kept here, and believed of nobody.
 * @param named the name of an item in the id of a request about it
 * @throws RejoinError `not_found` for an answer to what does not wait, `conversation_lost`, `unavailable`, or what
 * `inputOf` says: nothing has been started
 */
export async function turnOf(
  messages: readonly ChatMessage[],
  { conversation, signal }: Pick<AgentRunOptions, 'conversation' | 'signal'>,
  client: ResponsesClient,
  named: (request: string) => string = (request) => request,
): Promise<Turn> {
  const last = messages.slice(-1)
  const answers = last.flatMap(answersIn)
  if (conversation == null) {
    if (answers.length > 0) throw new RejoinError('not_found')
    return { previous: null, input: inputOf(messages), pending: [] }
  }
  const previous = previousIn(conversation)
  if (previous === null) throw new RejoinError('conversation_lost')
  const input = inputOf(last)
  if (!previous.open && answers.length > 0) throw new RejoinError('not_found')
  const items = previous.open ? await openAt(previous.id, client, signal) : []
  const pending = items.map((item) => ({ item, decision: decisionOn(item, answers, named) }))
  const taken = pending.filter(({ decision }) => decision !== null)
  if (taken.length < answers.length) throw new RejoinError('not_found')
  return { previous: previous.id, input, pending }
}

/** What the create request says of a turn, where nobody here makes the calls that are open. */
export function contentOf({ previous, input, pending }: Turn): ApiObject {
  return { input: [...pending.map(settled), ...input], ...(previous !== null && { previous_response_id: previous }) }
}

/** The id by which the person is asked about an item. */
export function requestIdOf(item: PendingItem): string {
  return stringIn(item, item.type === 'mcp_approval_request' ? 'id' : 'call_id') ?? ''
}

function decisionOn(item: PendingItem, answers: readonly AnswerPart[], named: (request: string) => string): DecisionPart | null {
  const id = requestIdOf(item)
  for (const answer of answers) if (answer.kind === 'approval' && named(answer.request) === id) return { ...answer, kind: 'approval' }
  return null
}

async function openAt(id: string, client: ResponsesClient, signal: AbortSignal | undefined): Promise<PendingItem[]> {
  try {
    const { response } = await client.retrieve(id, signal)
    const items = openItems(response.output ?? []).filter(isPending)
    // What has the id of one before it is the same once more.
    return items.filter((item, at) => items.findIndex((one) => requestIdOf(one) === requestIdOf(item)) === at)
  } catch (cause) {
    signal?.throwIfAborted()
    if (!isRejoinError(cause)) throw cause
    if (cause.code === 'expired') throw new RejoinError('conversation_lost', { cause })
    if (cause.code === 'unauthorized' || cause.code === 'rate_limited') throw cause
    throw new RejoinError('unavailable', { cause, retryAfterMs: cause.retryAfterMs })
  }
}

/** What the model is told of what nobody here does. */
export function settled({ item, decision }: Pending): ApiObject {
  if (item.type === 'mcp_approval_request') {
    const reason = decision === null ? passedOver : decision.text
    const approve = decision?.approved ?? false
    return { type: 'mcp_approval_response', approval_request_id: requestIdOf(item), approve, ...(reason && { reason }) }
  }
  return { type: `${item.type}_output`, call_id: requestIdOf(item), output: JSON.stringify({ error: unknown }) }
}

const passedOver = 'The person was asked and has not answered that.'

const unknown = 'The result of this call is not known. It may have done its work, or not have been made.'
