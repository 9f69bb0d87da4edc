import {
  answersIn,
  isRejoinError,
  RejoinError,
  type AgentRunOptions,
  type AnswerPart,
  type ChatMessage,
  type DecisionPart,
} from '@rejoin/core'
import { assertAnswered } from '../assertAnswered.ts'
import { stringIn } from '../json.ts'
import { type ApiObject } from './apiResponse.ts'
import { type ResponsesClient } from './client.ts'
import { previousIn } from './conversation.ts'
import { inputOf } from './input.ts'
import { isApprovalRequest, isPending, openItems, type PendingItem } from './openItems.ts'

/** What a start says to the model, beside what every request of the agent says. */
export interface Turn {
  /** The response it goes on from. */
  readonly previous: string | null
  /** The run that has asked the person there; `null` where nobody was asked. */
  readonly askedBy: string | null
  /** Whether that response was in the background; `null` where it was not looked at. */
  readonly background: boolean | null
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
 * @throws RejoinError `not_found` for an answer to what does not wait, `invalid_request` where not all is answered,
 * `conversation_lost`, `unavailable`, or what `inputOf` says: nothing has been started
 */
export async function turnOf(
  messages: readonly ChatMessage[],
  { conversation, signal }: Pick<AgentRunOptions, 'conversation' | 'signal'>,
  client: ResponsesClient,
  named: (request: string) => string = (request) => request,
): Promise<Turn> {
  const last = messages.slice(-1)
  const answers = last.flatMap(answersIn).map((answer) => ({ ...answer, request: named(answer.request) }))
  if (conversation == null) {
    if (answers.length > 0) throw new RejoinError('not_found')
    return { previous: null, askedBy: null, background: null, input: inputOf(messages), pending: [] }
  }
  const previous = previousIn(conversation)
  if (previous === null) throw new RejoinError('conversation_lost')
  const input = inputOf(last)
  const { items, background } = previous.open ? await openAt(previous.id, client, signal) : { items: [], background: null }
  const pending = items.map((item) => ({ item, decision: decisionOn(item, answers) }))
  if (answers.length > 0) {
    const asked = pending.filter(({ item, decision }) => isApprovalRequest(item) || decision !== null)
    assertAnswered(asked.map(({ item }) => ({ id: requestIdOf(item), kind: 'approval' })), answers)
  }
  return { previous: previous.id, askedBy: previous.askedBy, background, input, pending }
}

/**
 * What the create request says of a turn that makes no calls.
 * @param told what the model is told of what is open
 */
export function contentOf({ previous, input, pending }: Turn, told: (one: Pending) => ApiObject = settled): ApiObject {
  return { input: [...pending.map(told), ...input], ...(previous !== null && { previous_response_id: previous }) }
}

/** The id by which the person is asked about an item. */
export function requestIdOf(item: PendingItem): string {
  return stringIn(item, item.type === 'mcp_approval_request' ? 'id' : 'call_id') ?? ''
}

function decisionOn(item: PendingItem, answers: readonly AnswerPart[]): DecisionPart | null {
  const id = requestIdOf(item)
  for (const answer of answers) if (answer.kind === 'approval' && answer.request === id) return { ...answer, kind: 'approval' }
  return null
}

async function openAt(id: string, client: ResponsesClient, signal: AbortSignal | undefined): Promise<{ items: PendingItem[]; background: boolean }> {
  try {
    const { response } = await client.retrieve(id, signal)
    const items = openItems(response.output ?? []).filter(isPending)
    // What has the id of one before it is the same once more.
    const once = items.filter((item, at) => items.findIndex((one) => requestIdOf(one) === requestIdOf(item)) === at)
    return { items: once, background: response.background }
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
