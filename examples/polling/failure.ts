import { describeError, isOutcome, isRejoinError, type AgentResponse } from '@rejoin/core'

/** Why there is no answer, in one sentence. What the provider wrote is never part of it. */
export function sentenceFor(error: unknown, name: string): string {
  const code = isRejoinError(error) ? error.code : 'internal'
  return `${name} gave no answer (${code}): check OPENAI_API_KEY, OPENAI_MODEL and OPENAI_BASE_URL.`
}

/** Why an answer is not whole; `null` where it is. */
export function shortcomingOf(state: AgentResponse['state']): string | null {
  if (state.type === 'completed') return null
  if (state.type === 'failed') return describeError(state.code)
  if (state.type === 'incomplete') return `The answer is incomplete: ${state.reason}.`
  return isOutcome(state) ? `The answer is ${state.type}.` : 'The answer has not ended.'
}
