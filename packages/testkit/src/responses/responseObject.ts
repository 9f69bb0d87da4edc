import { type ApiObject } from './apiObject.ts'
import { type OutputItem } from './itemWriter.ts'
import { type ResponsesRequest } from './request.ts'

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** What changes while a response is worked on. */
export interface ResponseState {
  status: ResponseStatus
  output?: readonly OutputItem[]
  /** Milliseconds since the epoch. */
  completedAt?: number
  error?: ApiObject
  incompleteReason?: string
  usage?: ApiObject
}

/** Writes a response as the API does, all fields of it. */
export function responseObject(
  id: string,
  createdAt: number,
  { body, ...request }: ResponsesRequest,
  state: ResponseState,
): ApiObject {
  return {
    id,
    object: 'response',
    created_at: Math.floor(createdAt / 1000),
    status: state.status,
    background: request.background,
    completed_at: state.completedAt === undefined ? null : Math.floor(state.completedAt / 1000),
    error: state.error ?? null,
    incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
    instructions: request.instructions,
    max_output_tokens: body['max_output_tokens'] ?? null,
    max_tool_calls: body['max_tool_calls'] ?? null,
    model: request.model,
    output: state.output ?? [],
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: request.previous_response_id,
    prompt_cache_key: body['prompt_cache_key'] ?? null,
    reasoning: body['reasoning'] ?? { effort: null, summary: null },
    safety_identifier: body['safety_identifier'] ?? null,
    service_tier: body['service_tier'] ?? 'default',
    store: request.store,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: request.tools,
    top_logprobs: body['top_logprobs'] ?? 0,
    top_p: body['top_p'] ?? 1,
    truncation: body['truncation'] ?? 'disabled',
    usage: state.usage ?? null,
    user: body['user'] ?? null,
    metadata: request.metadata,
  }
}
