import { type ApiObject } from './apiObject.ts'
import { Refusal } from './refusal.ts'

/** One item of a request's `input`. */
export interface ResponsesInputItem {
  /** `message` where it wasn't said. */
  readonly type: string
  readonly [field: string]: unknown
}

/** What a response was created with, under its names on the wire, with the defaults filled in. */
export interface ResponsesRequest {
  readonly model: string
  /** A string is a message of the user. */
  readonly input: readonly ResponsesInputItem[]
  /** What `previous_response_id` brings with it: inputs and outputs, oldest first. Instructions are not among them. */
  readonly history: readonly ResponsesInputItem[]
  readonly instructions: string | null
  readonly previous_response_id: string | null
  readonly tools: readonly ApiObject[]
  readonly metadata: ApiObject
  readonly background: boolean
  readonly store: boolean
  readonly stream: boolean
  /** All that was sent. */
  readonly body: ApiObject
}

/**
 * A request as it was sent; what it goes on from is not looked up.
 * @throws Refusal
 */
export function readRequest(text: string): ResponsesRequest {
  const body = parse(text)
  if (!isObject(body)) throw new Refusal(400, 'We could not parse the JSON body of your request.')
  const { model, input, instructions, previous_response_id, tools, metadata } = body
  if (typeof model !== 'string') {
    throw new Refusal(400, "Missing required parameter: 'model'.", { param: 'model', code: 'missing_required_parameter' })
  }
  const request = {
    model,
    input: inputOf(input),
    history: [],
    instructions: typeof instructions === 'string' ? instructions : null,
    previous_response_id: typeof previous_response_id === 'string' ? previous_response_id : null,
    tools: Array.isArray(tools) ? tools.filter(isObject) : [],
    metadata: isObject(metadata) ? metadata : {},
    background: flag(body, 'background', false),
    store: flag(body, 'store', true),
    stream: flag(body, 'stream', false),
    body,
  }
  if (request.background && !request.store) {
    const wrong = { param: 'background', code: 'unsupported_parameter' }
    throw new Refusal(400, "Background mode requires 'store' to be true.", wrong)
  }
  return request
}

function inputOf(input: unknown): readonly ResponsesInputItem[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  if (input === undefined) {
    throw new Refusal(400, "Missing required parameter: 'input'.", { param: 'input', code: 'missing_required_parameter' })
  }
  if (!Array.isArray(input) || !input.every(isObject)) throw invalidType('input', 'an array of objects or a string')
  return input.map((item) => ({ ...item, type: typeof item['type'] === 'string' ? item['type'] : 'message' }))
}

function flag(body: ApiObject, name: string, otherwise: boolean): boolean {
  const value = body[name] ?? otherwise
  if (typeof value !== 'boolean') throw invalidType(name, 'a boolean')
  return value
}

function invalidType(param: string, expected: string): Refusal {
  return new Refusal(400, `Invalid type for '${param}': expected ${expected}.`, { param, code: 'invalid_type' })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isObject(value: unknown): value is ApiObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
