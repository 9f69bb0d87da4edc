import { isRejoinError, type AgentResponse, type RunOutcome, type RunPause } from '@rejoin/core'

/** How the GenAI conventions and we name what a span tells. */
export const attribute = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  agent: 'gen_ai.agent.name',
  model: 'gen_ai.request.model',
  conversation: 'gen_ai.conversation.id',
  stream: 'gen_ai.request.stream',
  cursor: 'gen_ai.request.stream_cursor',
  run: 'gen_ai.response.id',
  status: 'gen_ai.response.status',
  finishReasons: 'gen_ai.response.finish_reasons',
  firstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  input: 'gen_ai.input.messages',
  output: 'gen_ai.output.messages',
  error: 'error.type',
  leg: 'rejoin.leg',
  legEnd: 'rejoin.leg.end',
  updates: 'rejoin.leg.updates',
} as const

/** One connection of a run, by what it is for. */
export type LegKind = 'start' | 'resume' | 'poll' | 'cancel'

/** Only a start has the agent do something; there is no name in the conventions for stopping it. */
export function operationOf(kind: LegKind): string {
  if (kind === 'start') return 'invoke_agent'
  return kind === 'cancel' ? 'cancel_response' : 'fetch_response'
}

export function statusOf(state: AgentResponse['state']): string {
  return state.type === 'working' ? 'in_progress' : state.type
}

/** `null` while the run goes on, and where nobody can tell any more. */
export function finishReason(state: RunOutcome | RunPause): string | null {
  switch (state.type) {
    case 'completed':
      return 'stop'
    case 'incomplete':
      return state.reason === 'max_tokens' || state.reason === 'max_output_tokens' ? 'length' : state.reason
    case 'failed':
      return 'error'
    case 'cancelled':
      return 'cancelled'
    case 'paused':
      return `${state.reason}_required`
    case 'expired':
      return null
  }
}

/** Errors of others are told apart by their name alone; their words may be anybody's. */
export function errorType(error: unknown): string {
  if (isRejoinError(error)) return error.code
  return error instanceof Error && /^[A-Z][A-Za-z]{0,63}$/.test(error.name) ? error.name : '_OTHER'
}
