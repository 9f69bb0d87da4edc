import { type ApiObject } from './apiObject.ts'
import { Refusal } from './refusal.ts'
import { type ResponsesInputItem, type ResponsesRequest } from './request.ts'
import { type Run } from './run.ts'

/**
 * What a request goes on from, oldest first: the inputs and outputs of the responses before it.
 * @param previous the response it says it follows
 * @throws Refusal where it may not follow that
 */
export function historyOf({ previous_response_id: id }: ResponsesRequest, previous: Run | undefined): readonly ResponsesInputItem[] {
  if (id === null) return []
  const wrong = { param: 'previous_response_id' }
  if (previous?.request.store !== true) {
    throw new Refusal(400, `Previous response with id '${id}' not found.`, { ...wrong, code: 'previous_response_not_found' })
  }
  const status = previous.status()
  // What the API does with others is not documented. Refused here, so that nobody relies on it.
  if (status !== 'completed' && status !== 'incomplete') throw new Refusal(400, `Previous response with id '${id}' is ${status}.`, wrong)
  return [...previous.request.history, ...previous.request.input, ...previous.output()]
}

/**
 * Whether all that the model has asked for has its answer, and nothing else has one.
 * @throws Refusal where not
 */
export function assertAnswered(items: readonly ResponsesInputItem[]): void {
  assertResults(items, 'function_call', 'function call')
  assertResults(items, 'custom_tool_call', 'custom tool call')
  const requests = idsOf(items, 'mcp_approval_request', 'id')
  const approvals = idsOf(items, 'mcp_approval_response', 'approval_request_id')
  const waiting = without(requests, approvals)
  if (waiting.length > 0) throw refusal(`The following MCP approval requests do not have an approval: ${waiting.join(', ')}`)
  const unasked = without(approvals, requests)[0]
  if (unasked !== undefined) throw refusal(`No MCP approval request found with id '${unasked}'.`)
}

function assertResults(items: readonly ResponsesInputItem[], type: string, words: string): void {
  const calls = idsOf(items, type, 'call_id')
  const results = idsOf(items, `${type}_output`, 'call_id')
  const open = without(calls, results)[0]
  if (open !== undefined) throw refusal(`No tool output found for ${words} ${open}.`)
  const stray = without(results, calls)[0]
  if (stray !== undefined) throw refusal(`No tool call found for ${words} output with call_id ${stray}.`)
}

/** @throws Refusal for files that nobody could fetch, or that are given in two ways at once */
export function assertReadable(input: readonly ResponsesInputItem[]): void {
  for (const [at, { content }] of input.entries()) {
    if (!Array.isArray(content)) continue
    content.forEach((part: ApiObject, of) => assertFile(part, `input[${at}].content[${of}]`))
  }
}

function assertFile(part: ApiObject, place: string): void {
  if (part['type'] === 'input_image') return assertAddress(part['image_url'], `${place}.image_url`, /^(https?:\/\/|data:image\/)/)
  if (part['type'] !== 'input_file') return
  if (part['file_url'] !== undefined) {
    // A name goes with `file_data` alone.
    const other = ['file_id', 'filename', 'file_data'].find((field) => part[field] !== undefined)
    const wrong = { param: place, code: 'mutually_exclusive_parameters' }
    if (other) throw new Refusal(400, `Mutually exclusive parameters: '${place}'. Ensure you are only providing one of: '${other}' or 'file_url'.`, wrong)
    return assertAddress(part['file_url'], `${place}.file_url`, /^https?:\/\//)
  }
  if (part['file_data'] !== undefined) assertAddress(part['file_data'], `${place}.file_data`, /^data:/)
}

function assertAddress(value: unknown, param: string, form: RegExp): void {
  if (value === undefined || (typeof value === 'string' && form.test(value))) return
  throw new Refusal(400, `Invalid '${param}'. Expected a valid URL, but got a value with an invalid format.`, { param, code: 'invalid_value' })
}

function idsOf(items: readonly ResponsesInputItem[], type: string, field: string): readonly unknown[] {
  return items.flatMap((item) => (item.type === type ? [item[field]] : []))
}

function without(all: readonly unknown[], some: readonly unknown[]): readonly string[] {
  return all.filter((id) => !some.includes(id)).map(String)
}

function refusal(message: string): Refusal {
  return new Refusal(400, message, { param: 'input' })
}
