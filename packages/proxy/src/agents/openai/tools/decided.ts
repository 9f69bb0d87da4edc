import { parse, stringIn } from '../../json.ts'
import { isObject } from '../../../isObject.ts'
import { type ApiObject } from '../apiResponse.ts'
import { requestIdOf, settled, type Pending, type Turn } from '../turn.ts'
import { toldOf, type ToolCall } from './call.ts'
import { type Tools } from './tool.ts'

/** A call of the turn before, which has waited for the person. */
export interface DecidedCall extends ToolCall {
  /** What the person says: to be made, or not, and why. `null` where nobody was asked about it. */
  readonly decision: { readonly approved: boolean; readonly text: string | null } | null
}

/** What a run owes the turn before it: plain JSON, so that another process can go on with it. */
export interface Owed {
  readonly previous: string
  readonly calls: readonly DecidedCall[]
  /** What the create after the calls says besides their results. */
  readonly input: readonly ApiObject[]
}

/** Before the names of the parts of calls that were asked for in the turn before. */
const owedPrefix = 'before:'

/**
 * The calls that a turn makes since the person has answered; `null` where it makes none. A message that passes the
 * question over makes none.
 */
export function owedBy({ previous, input, pending }: Turn, tools: Tools): Owed | null {
  if (previous === null || !pending.some(({ decision }) => decision !== null)) return null
  const calls = pending.flatMap((one, at) => callOf(one, `${owedPrefix}${at}`, tools) ?? [])
  if (calls.length === 0) return null
  const others = pending.filter((one) => callOf(one, '', tools) === null)
  return { previous, calls, input: [...others.map(settled), ...input] }
}

/** What the model is told of what waits, where the person has passed it over and so no call was made. */
export function passedOver(one: Pending, tools: Tools): ApiObject {
  const call = callOf(one, '', tools)
  return call === null ? settled(one) : toldOf(call, { ok: false, errorCode: 'tool_rejected' })
}

function callOf({ item, decision }: Pending, place: string, tools: Tools): DecidedCall | null {
  const name = stringIn(item, 'name')
  if (item.type !== 'function_call' || name === null || !Object.hasOwn(tools, name)) return null
  const input = parse(stringIn(item, 'arguments') ?? '')
  const said = decision && { approved: decision.approved, text: decision.text ?? null }
  return { place, callId: requestIdOf(item), name, input, decision: said }
}

export function owedIn(value: unknown): Owed | null {
  if (!isObject(value) || typeof value.previous !== 'string' || !Array.isArray(value.calls) || !Array.isArray(value.input)) return null
  return { previous: value.previous, calls: value.calls.flatMap((call: unknown) => decidedIn(call) ?? []), input: value.input.filter(isObject) }
}

function decidedIn(value: unknown): DecidedCall | null {
  const place = stringIn(value, 'place')
  const callId = stringIn(value, 'callId')
  const name = stringIn(value, 'name')
  if (!isObject(value) || place === null || callId === null || name === null) return null
  const { input, decision } = value
  if (!isObject(decision)) return { place, callId, name, input, decision: null }
  return { place, callId, name, input, decision: { approved: decision.approved === true, text: stringIn(decision, 'text') } }
}
