import { Refusal } from './refusal.ts'
import { type ResponsesRequest } from './request.ts'
import { type Run } from './run.ts'

/**
 * Whether `request` may follow `previous`, the response it says it follows.
 * @throws Refusal where it may not
 */
export function assertFollows(request: ResponsesRequest, previous: Run | undefined): void {
  const { previous_response_id: id, input } = request
  if (id === null) return
  if (previous === undefined || !previous.request.store) {
    const wrong = { param: 'previous_response_id', code: 'previous_response_not_found' }
    throw new Refusal(400, `Previous response with id '${id}' not found.`, wrong)
  }
  const results = new Set(input.filter(({ type }) => type === 'function_call_output').map(({ call_id }) => call_id))
  const call = previous.output().find(({ type, call_id }) => type === 'function_call' && !results.has(call_id))
  if (call) throw new Refusal(400, `No tool output found for function call ${String(call['call_id'])}.`, { param: 'input' })
}
