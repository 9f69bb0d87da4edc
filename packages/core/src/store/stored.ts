import { isCursor } from '../cursor.ts'
import { type RunStart } from '../run.ts'
import { type Update } from '../update.ts'
import { isPauseReason, isRunOutcome, isUsage, stepsOf } from '../wire/frame.ts'
import { isNumber } from '../wire/isNumber.ts'
import { isObject } from '../wire/isObject.ts'
import { hasId, isPart } from '../wire/part.ts'
import { type RunHead, type RunKey, type RunWrite } from './runStore.ts'

// Records are written by this package alone, but disks fail, and what else runs on a page can write anywhere. What has
// another form than these is treated as damaged: nothing that is read from it may be wrong, or throw.

export function isStart(value: unknown, { session, id }: RunKey): value is RunStart {
  if (!isObject(value) || value.session !== session || value.id !== id || !isNumber(value.createdAt)) return false
  const { message, background, conversation, replaces, answers } = value
  return (
    (message === null || isMessage(message)) &&
    (background === undefined || typeof background === 'boolean') &&
    (conversation === null || isOptional(conversation, isString)) &&
    isOptional(replaces, isString) &&
    isOptional(answers, isString)
  )
}

export function isHead(value: unknown): value is RunHead {
  if (!isObject(value) || !isCursor(value.cursor) || !isPlace(value.reader)) return false
  const { outcome, paused, movedAt } = value
  return (outcome === null || isRunOutcome(outcome)) && isOptional(paused, isPauseReason) && isOptional(movedAt, isNumber)
}

export function isString(value: unknown): value is string {
  return typeof value === 'string'
}

/** Whether it counts something: a whole number from 0 on, to which one can be added. */
export function isPlace(value: unknown): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= 0 && value < Number.MAX_SAFE_INTEGER
}

export function isWrite(value: unknown): value is RunWrite {
  if (!isObject(value) || !isPlace(value.reader) || !isCursor(value.after) || !isCursor(value.cursor)) return false
  const { updates, handle, outcome, paused, replace, at } = value
  return (
    Array.isArray(updates) &&
    updates.every(isUpdate) &&
    (handle === null || isOptional(handle, isString)) &&
    isOptional(outcome, isRunOutcome) &&
    isOptional(paused, isPauseReason) &&
    (replace === undefined || typeof replace === 'boolean') &&
    isOptional(at, isNumber)
  )
}

/** A type that is not known, `reduce` passes over. */
export function isUpdate(value: unknown): value is Update {
  if (!isObject(value) || !isCursor(value.cursor)) return false
  switch (value.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return typeof value.delta === 'string' && isOptional(value.id, isString)
    case 'part':
      return isPart(value.part) && hasId(value.part)
    case 'progress':
      return areSteps([value.step])
    case 'status':
      return value.status === 'queued' || value.status === 'working'
    case 'snapshot':
      return areParts(value.parts) && areSteps(value.steps)
    case 'end':
      return isRunOutcome(value.outcome) && isClosing(value)
    case 'pause':
      return isPauseReason(value.reason) && isClosing(value)
    // Events of a connection: `reduce` knows them, and they are never stored.
    case 'connection':
    case 'connected':
    case 'polled':
      return false
    default:
      return typeof value.type === 'string'
  }
}

function isClosing({ elapsedMs, length, parts, steps, usage, conversation }: Record<string, unknown>): boolean {
  return (
    isNumber(elapsedMs) &&
    isOptional(length, isNumber) &&
    isOptional(parts, areParts) &&
    isOptional(steps, areSteps) &&
    isOptional(usage, isUsage) &&
    isOptional(conversation, isString)
  )
}

function isMessage(value: unknown): boolean {
  return isObject(value) && typeof value.id === 'string' && (value.role === 'user' || value.role === 'assistant') && areParts(value.parts)
}

function areParts(values: unknown): boolean {
  return Array.isArray(values) && values.every(isPart)
}

function areSteps(values: unknown): boolean {
  return Array.isArray(values) && stepsOf(values).length === values.length
}

function isOptional(value: unknown, isSound: (value: unknown) => boolean): boolean {
  return value === undefined || isSound(value)
}
