import { isCursor } from '../cursor.ts'
import { type RunStart } from '../run.ts'
import { type Update } from '../update.ts'
import { isRunOutcome, stepsOf } from '../wire/frame.ts'
import { isObject } from '../wire/isObject.ts'
import { type RunHead, type RunKey } from './runStore.ts'

// Records are written by this package alone, but disks fail, and what else runs on a page can write anywhere. What has
// another form than these is treated as damaged: nothing that is read from it may be wrong, or throw.

export function isStart(value: unknown, { session, id }: RunKey): value is RunStart {
  if (!isObject(value) || value.session !== session || value.id !== id || typeof value.createdAt !== 'number') return false
  return value.message === null || (isObject(value.message) && areParts(value.message.parts))
}

export function isHead(value: unknown): value is RunHead {
  if (!isObject(value) || !isCursor(value.cursor) || typeof value.reader !== 'number') return false
  return value.outcome === null || isRunOutcome(value.outcome)
}

/** A type that is not known, `reduce` passes over. */
export function isUpdate(value: unknown): value is Update {
  if (!isObject(value) || !isCursor(value.cursor)) return false
  switch (value.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return typeof value.delta === 'string'
    case 'part':
      return areParts([value.part])
    case 'progress':
      return areSteps([value.step])
    case 'snapshot':
      return areParts(value.parts) && areSteps(value.steps)
    case 'end':
      return isRunOutcome(value.outcome)
    default:
      return typeof value.type === 'string'
  }
}

function areParts(values: unknown): boolean {
  return Array.isArray(values) && values.every((part) => isObject(part) && typeof part.type === 'string' && (!('text' in part) || typeof part.text === 'string'))
}

function areSteps(values: unknown): boolean {
  return Array.isArray(values) && stepsOf(values).length === values.length
}
