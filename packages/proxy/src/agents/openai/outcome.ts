import { type RejoinErrorCode, type RunOutcome, type RunPhase } from '@rejoin/core'
import { type ApiResponse } from './apiResponse.ts'

/**
 * Our codes for the provider's. They are free-form there and come with a sentence that may quote the
 * prompt, so whatever is not in this list becomes `agent_failed`.
 * Source: `ResponseError.code` and the error codes guide of the OpenAI API; Azure's content filter.
 */
const codes: Readonly<Record<string, RejoinErrorCode>> = {
  rate_limit_exceeded: 'overloaded',
  server_overloaded: 'overloaded',
  engine_overloaded: 'overloaded',
  slow_down: 'overloaded',
  insufficient_quota: 'quota_exceeded',
  billing_hard_limit_reached: 'quota_exceeded',
  context_length_exceeded: 'too_long',
  string_above_max_length: 'too_long',
  content_filter: 'content_policy',
  content_policy_violation: 'content_policy',
  image_content_policy_violation: 'content_policy',
  bio_policy: 'content_policy',
  cyber_policy: 'content_policy',
  invalid_prompt: 'content_policy',
  responsible_ai_policy_violation: 'content_policy',
  model_not_found: 'model_not_found',
  DeploymentNotFound: 'model_not_found',
  previous_response_not_found: 'conversation_lost',
}

export function codeOf(providerCode: string | null): RejoinErrorCode {
  return providerCode !== null && Object.hasOwn(codes, providerCode) ? (codes[providerCode] ?? 'agent_failed') : 'agent_failed'
}

/** A reason is a name, not what a provider wrote. */
const name = /^[a-z0-9_.-]{1,64}$/i

/** How a response has ended; `null` while it has not. */
export function outcomeOf({
  status,
  errorCode,
  incompleteReason,
}: Pick<ApiResponse, 'status' | 'errorCode' | 'incompleteReason'>): RunOutcome | null {
  switch (status) {
    case 'completed':
      return { type: 'completed' }
    case 'incomplete':
      return { type: 'incomplete', reason: incompleteReason !== null && name.test(incompleteReason) ? incompleteReason : 'unknown' }
    case 'failed':
      return { type: 'failed', code: codeOf(errorCode) }
    case 'cancelled':
      return { type: 'cancelled' }
    default:
      return null
  }
}

export function phaseOf({ status }: ApiResponse): RunPhase {
  return status === 'queued' ? 'queued' : 'working'
}

/** Since the response was created. By this machine's clock while it runs. */
export function elapsedOf({ createdAt, completedAt }: Pick<ApiResponse, 'createdAt' | 'completedAt'>): number {
  return createdAt === null ? 0 : Math.max(0, (completedAt ?? Date.now()) - createdAt)
}
