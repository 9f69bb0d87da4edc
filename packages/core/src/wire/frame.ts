import { isCursor, type Cursor } from '../cursor.ts'
import { type RejoinErrorCode } from '../error.ts'
import { type MessagePart } from '../message.ts'
import { isNumber } from './isNumber.ts'
import { isObject } from './isObject.ts'
import { hasId, isPart } from './part.ts'
import { type EndUpdate, type PauseReason, type ProgressStep, type RunOutcome, type RunPause, type Update, type Usage } from '../update.ts'
import { codeOf, problemOf } from './problem.ts'

/** One server-sent event of a run's stream. */
export type Frame =
  | { readonly kind: 'update'; readonly update: Update }
  /** The sealed part of the tokens from here on. */
  | { readonly kind: 'token'; readonly sealed: string }
  /** The leg failed after its headers were sent. */
  | { readonly kind: 'error'; readonly code: RejoinErrorCode; readonly retryAfterMs?: number }

/** The text of an update on the wire. The cursor is the event's id, so that it is not said twice. */
export function encodeUpdate({ cursor, ...content }: Update): string {
  return `id:${cursor}\ndata:${JSON.stringify(content)}\n\n`
}

/** The text that gives the sealed part of the tokens from here on. */
export function encodeToken(sealed: string): string {
  return `data:${JSON.stringify({ type: 'token', sealed })}\n\n`
}

/**
 * The text of a failure on the wire.
 * @param retryAfterMs what the `Retry-After` header would say, had the answer not begun yet; in milliseconds
 */
export function encodeError(code: RejoinErrorCode, retryAfterMs?: number): string {
  return `data:${JSON.stringify({ type: 'error', problem: problemOf(code), retryAfterMs })}\n\n`
}

/** Keeps the connection alive, and lets the other end tell a stall from silence. */
export const heartbeat = ':\n\n'

/** `null` for what is no frame at all: broken JSON, an update without a cursor or with a wrong form. */
export function decodeFrame(id: string | undefined, data: string): Frame | null {
  const value = parse(data)
  if (!isObject(value)) return null
  if (value.type === 'token') return typeof value.sealed === 'string' ? { kind: 'token', sealed: value.sealed } : null
  if (value.type === 'error') {
    const { problem, retryAfterMs } = value
    return { kind: 'error', code: codeOf(problem) ?? 'internal', ...(isDuration(retryAfterMs) && { retryAfterMs }) }
  }
  if (!isCursor(id)) return null
  const update = updateOf(id, value)
  return update && { kind: 'update', update }
}

function updateOf(cursor: Cursor, value: Record<string, unknown>): Update | null {
  switch (value.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      if (typeof value.delta !== 'string') return null
      return { type: value.type, cursor, delta: value.delta, ...(typeof value.id === 'string' && { id: value.id }) }
    case 'part':
      // A kind that a newer server knows is no reason to lose the stream.
      return isPart(value.part) && hasId(value.part) ? { type: 'part', cursor, part: value.part } : { type: 'other', cursor }
    case 'progress':
      // A state that a newer server knows is no reason to lose the stream.
      return isStep(value.step) ? { type: 'progress', cursor, step: value.step } : { type: 'other', cursor }
    case 'status':
      return value.status === 'queued' || value.status === 'working'
        ? { type: 'status', cursor, status: value.status }
        : { type: 'other', cursor }
    case 'snapshot':
      return Array.isArray(value.steps)
        ? { type: 'snapshot', cursor, parts: partsOf(value.parts), steps: stepsOf(value.steps) }
        : null
    case 'open':
      return isMode(value.mode) && isDuration(value.elapsedMs)
        ? { type: 'open', cursor, mode: value.mode, elapsedMs: value.elapsedMs }
        : null
    case 'end': {
      if (!isRunOutcome(value.outcome) || !isDuration(value.elapsedMs)) return null
      const end = { type: 'end', cursor, outcome: value.outcome, elapsedMs: value.elapsedMs } as const
      return { ...end, ...closingOf(value) }
    }
    case 'pause':
      // For a reason that a newer server knows, a poll tells no more either.
      return isPauseReason(value.reason) && isDuration(value.elapsedMs)
        ? { type: 'pause', cursor, reason: value.reason, elapsedMs: value.elapsedMs, ...closingOf(value) }
        : null
    default:
      return { type: 'other', cursor }
  }
}

function closingOf(value: Record<string, unknown>): Pick<EndUpdate, 'length' | 'parts' | 'steps' | 'usage' | 'conversation'> {
  return {
    ...(isDuration(value.length) && { length: value.length }),
    ...('parts' in value && { parts: partsOf(value.parts) }),
    ...('steps' in value && { steps: stepsOf(value.steps) }),
    ...(isUsage(value.usage) && { usage: { inputTokens: value.usage.inputTokens, outputTokens: value.usage.outputTokens } }),
    ...(typeof value.conversation === 'string' && { conversation: value.conversation }),
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}

function isMode(value: unknown): value is 'tail' | 'replay' | 'snapshot' {
  return value === 'tail' || value === 'replay' || value === 'snapshot'
}

export function isDuration(value: unknown): value is number {
  return isNumber(value) && value >= 0
}

/** The parts this version knows; a newer server's others are passed over. */
export function partsOf(value: unknown): MessagePart[] {
  return Array.isArray(value) ? value.filter(isPart) : []
}

export function stepsOf(value: unknown): ProgressStep[] {
  return Array.isArray(value) ? value.filter(isStep) : []
}

function isStep(value: unknown): value is ProgressStep {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.label === 'string' &&
    (value.state === 'active' || value.state === 'done') &&
    isCount(value.value) &&
    isCount(value.total)
  )
}

function isCount(value: unknown): boolean {
  return value === undefined || isNumber(value)
}

export function isUsage(value: unknown): value is Usage {
  return isObject(value) && isDuration(value.inputTokens) && isDuration(value.outputTokens)
}

export function isPauseReason(value: unknown): value is PauseReason {
  return value === 'input' || value === 'approval' || value === 'auth'
}

export function isRunPause(value: unknown): value is RunPause {
  return isObject(value) && value.type === 'paused' && isPauseReason(value.reason)
}

export function isRunOutcome(value: unknown): value is RunOutcome {
  if (!isObject(value)) return false
  switch (value.type) {
    case 'completed':
    case 'cancelled':
    case 'expired':
      return true
    case 'incomplete':
      return typeof value.reason === 'string'
    case 'failed':
      return typeof value.code === 'string'
    default:
      return false
  }
}
