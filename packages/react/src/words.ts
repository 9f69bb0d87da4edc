import {
  answersIn,
  describeError,
  type AnswerPart,
  type DecisionPart,
  type PauseReason,
  type ReconnectReason,
  type RunState,
  type ToolPart,
} from '@rejoin/core'
import { type BackgroundAgent } from './chatSource.ts'
import { oneLine } from './parts/oneLine.ts'

const reconnecting: Record<ReconnectReason, string> = {
  restored: 'Picking up where the answer was…',
  offline: 'You are offline. Nothing is lost: it goes on by itself when the network is back.',
  network: describeError('unreachable'),
  stalled: describeError('stalled'),
  ended: 'The connection has ended before the answer has. The answer goes on over a new one.',
  unavailable: describeError('unavailable'),
  rate_limited: describeError('rate_limited'),
  bad_response: describeError('bad_response'),
}

const asking: Record<PauseReason, string> = {
  input: 'The agent needs an answer.',
  approval: 'The agent needs your approval.',
  auth: 'The agent needs you to sign in.',
}

/** Reasons are a provider's words: known ones get a sentence of ours, the others a general one. */
const incomplete: ReadonlyMap<string, string> = new Map([
  ['max_output_tokens', 'The answer is cut off at its length limit.'],
  ['length', 'The answer is cut off at its length limit.'],
  ['content_filter', 'The answer is cut off by a content filter.'],
])

/** What is happening, in words a person understands. */
export function describeState(state: RunState): string {
  switch (state.type) {
    case 'restoring':
      return 'Looking for earlier answers…'
    case 'starting':
      return 'Sending…'
    case 'queued':
      return 'Waiting for the agent to begin…'
    case 'streaming':
      return 'The agent is working…'
    case 'reconnecting':
      return reconnecting[state.reason]
    case 'polling':
      return 'The agent is working in the background. The answer comes when it is ready…'
    case 'paused':
      return state.reason === 'unauthorized' ? describeError('unauthorized') : asking[state.reason]
    case 'stopping':
      return 'Stopping…'
    case 'completed':
      return 'The answer is complete.'
    case 'incomplete':
      return incomplete.get(state.reason) ?? 'The answer has ended before it was complete.'
    case 'cancelled':
      return 'The answer was stopped.'
    case 'expired':
      return describeError('expired')
    case 'failed':
      // Its sentence is the chat's `error`, until the person puts it away.
      return ''
  }
}

export function describeChat({ run, error, requests, messages }: Pick<BackgroundAgent, 'run' | 'error' | 'requests' | 'messages'>): string {
  if (error) return wasAnswer(messages) && error.code === 'not_found' && run?.state.type === 'failed' ? answeredBefore : error.message
  const [request] = requests
  if (request) return `${asking[request.kind]} ${oneLine(request.prompt)}`
  return run ? describeState(run.state) : ''
}

const answeredBefore =
  'What the agent asked has been answered already, on another device perhaps, or it waits no longer. Nothing was done a second time.'

/** Whether what was sent last is an answer to the agent. */
function wasAnswer(messages: BackgroundAgent['messages']): boolean {
  const last = messages.findLast(({ role }) => role === 'user')
  return last !== undefined && answersIn(last).length > 0
}

/** A yes or no of the person. */
export function describeDecision({ kind, approved }: Pick<DecisionPart, 'kind' | 'approved'>): string {
  if (kind === 'auth') return approved ? 'Signed in' : 'Not signed in'
  return approved ? 'Approved' : 'Declined'
}

/** What the person has answered, beside the question. */
export function describeAnswer(answer: AnswerPart): string {
  if (answer.kind === 'input') return `You answered: ${answer.text}`
  return answer.text ? `${describeDecision(answer)}: ${answer.text}` : describeDecision(answer)
}

/** The two buttons for a request that takes a yes or no. */
export function decisionsFor(kind: DecisionPart['kind']): { readonly yes: string; readonly no: string } {
  return kind === 'auth' ? { yes: 'I have signed in', no: 'Not now' } : { yes: 'Approve', no: 'Decline' }
}

/** @param live whether the answer goes on; a tool that has not ended by then never will */
export function describeTool({ state, errorCode }: Pick<ToolPart, 'state' | 'errorCode'>, live: boolean): string {
  switch (state) {
    case 'input-streaming':
      return live ? 'Getting ready…' : 'Not finished'
    case 'input-available':
      return live ? 'Running…' : 'Not finished'
    case 'output-available':
      return 'Done'
    case 'output-error':
      return describeToolError(errorCode)
  }
}

function describeToolError(code: string | undefined): string {
  switch (code) {
    case 'invalid_input':
      return 'Not called: its input did not fit'
    case 'tool_interrupted':
      return 'Called, but its result was lost; it was not called again'
    default:
      return 'Failed'
  }
}

/** The next try, for a run that is waiting for one. */
export function describeRetry(seconds: number | null): string {
  return seconds === null || seconds <= 0 ? 'Trying again…' : `Trying again in ${describeDuration(seconds)}.`
}

/** `58 s`, `3 min 5 s`, `1 h 2 min`. */
export function describeDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  if (minutes === 0) return `${seconds} s`
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${minutes} min ${seconds % 60} s` : `${hours} h ${minutes % 60} min`
}

/** How a run ended and how long it took; `null` while it goes on. */
export function describeEnd(state: RunState, seconds: number): string | null {
  const took = describeDuration(seconds)
  switch (state.type) {
    case 'completed':
      return `Done in ${took}`
    case 'cancelled':
      return `Stopped after ${took}`
    case 'failed':
      return `Failed after ${took}`
    case 'incomplete':
    case 'expired':
      return `Ended after ${took}`
    default:
      return null
  }
}
