import { parse, stringIn } from '../../json.ts'
import { type ApiObject } from '../apiResponse.ts'
import { validate } from '../schema.ts'
import { type Tool, type ToolContext, type Tools } from './tool.ts'

/** A call that the model has asked for, whole. */
export interface ToolCall {
  /** Of its part and its step. */
  readonly place: string
  readonly callId: string
  readonly name: string
  readonly input: unknown
}

/** Why a call came to nothing. `tool_rejected`: the person has not allowed it. */
export type ToolFailure = 'invalid_input' | 'tool_failed' | 'tool_interrupted' | 'tool_rejected'

/** What a call came to. A failure is a name; what was thrown goes to the hook. */
export type ToolResult =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly errorCode: ToolFailure; readonly reason?: string | null }

/**
 * The calls of a finished response, where all of them are ours to make; `null` where one is not, since the
 * provider wants the results of all. Read from whole items alone, never from half-received arguments; what has
 * the id of one before it is the same call once more.
 */
export function callsIn(output: readonly ApiObject[], tools: Tools, prefix: string): ToolCall[] | null {
  const calls: ToolCall[] = []
  for (const [at, item] of output.entries()) {
    if (item.type !== 'function_call') continue
    const name = stringIn(item, 'name')
    const callId = stringIn(item, 'call_id')
    if (name === null || callId === null || !Object.hasOwn(tools, name)) return null
    if (calls.some((call) => call.callId === callId)) continue
    calls.push({ place: `${prefix}${at}`, callId, name, input: parse(stringIn(item, 'arguments') ?? '') })
  }
  return calls
}

/** Makes a call. Never rejects. */
export async function makeCall(
  tool: Tool,
  { input }: ToolCall,
  context: ToolContext,
  report: (error: unknown) => void,
): Promise<ToolResult> {
  try {
    const checked = await validate(tool.inputSchema, input)
    if (!checked.ok) return { ok: false, errorCode: 'invalid_input' }
    const output: unknown = await tool.execute(checked.value, context)
    // As it will be stored and sent: what can not be said as JSON is no result.
    return { ok: true, output: output === undefined ? null : JSON.parse(JSON.stringify(output)) }
  } catch (error) {
    report(error)
    return { ok: false, errorCode: 'tool_failed' }
  }
}

/** Whether the person is to be asked first. Never rejects. */
export async function needsApproval(
  tool: Tool,
  { input }: ToolCall,
  context: ToolContext,
  report: (error: unknown) => void,
): Promise<boolean> {
  if (typeof tool.needsApproval !== 'function') return tool.needsApproval === true
  try {
    const checked = await validate(tool.inputSchema, input)
    // Such a call is not made, so there is nothing to allow.
    return checked.ok && (await tool.needsApproval(checked.value, context))
  } catch (error) {
    report(error)
    return true
  }
}

const failures = {
  invalid_input: 'The input does not fit the schema of the tool, so it was not called.',
  tool_failed: 'The tool has failed.',
  tool_interrupted: 'The tool was called, but its result was lost. It was not called again, since it may have done its work.',
  tool_rejected: 'The person has not allowed this call, so it was not made.',
} as const

/** What the model is told of a result. */
export function toldOf({ callId }: ToolCall, result: ToolResult): ApiObject {
  const said = result.ok ? result.output : { error: failures[result.errorCode], ...(result.reason && { person: result.reason }) }
  return { type: 'function_call_output', call_id: callId, output: typeof said === 'string' ? said : JSON.stringify(said) }
}
