import { isPart, type ProgressStep } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { type LogEntry } from '../../logs/eventLog.ts'
import { type GeneratorItem, type GeneratorPart } from './generator.ts'

type Checkpoint = Extract<GeneratorItem, { readonly type: 'checkpoint' }>

/** An item that people see something of. */
export type VisibleItem = Exclude<GeneratorItem, Checkpoint>

export function isCheckpoint(item: GeneratorItem): item is Checkpoint {
  return typeof item === 'object' && item?.type === 'checkpoint'
}

/**
 * `null` for an empty piece of text.
 * @throws TypeError for what is no item: in the log it would break every reader of the run
 */
export function entryOf(item: VisibleItem): LogEntry | null {
  if (typeof item === 'string') return item === '' ? null : { type: 'text', delta: item }
  switch (item?.type) {
    case 'text':
    case 'reasoning':
    case 'refusal': {
      const { type, delta, id } = item
      if (typeof delta !== 'string' || (id !== undefined && typeof id !== 'string')) break
      if (delta === '') return null
      return id === undefined ? { type, delta } : { type, id, delta }
    }
    case 'part': {
      const part = jsonOf(item.part)
      if (isWholePart(part)) return { type: 'part', part }
      throw new TypeError(
        "A generator agent yielded a part that can not be shown. Yield a tool, source-url, source-document, file or data part with an `id` and all of its other fields as plain JSON; a source's address begins with http: or https:, a file's may be a rooted path or a data: URL as well. Text, reasoning and refusals are yielded as { type, delta }, questions are put with `ask`.",
      )
    }
    case 'progress':
      if (isStep(item.step)) return { type: 'progress', step: item.step }
      break
    case 'status':
      if (item.status === 'queued' || item.status === 'working') return { type: 'status', status: item.status }
      break
  }
  throw new TypeError(
    "A generator agent yielded something that is no item, so it can not be shown. Yield a string, { type: 'text' | 'reasoning' | 'refusal', delta }, { type: 'part', part }, { type: 'progress', step: { id, label, state } }, { type: 'status', status } or { type: 'checkpoint', state }.",
  )
}

/** A copy: what the generator does to its own afterwards does not count. `undefined` where it has no JSON. */
export function jsonOf(value: unknown): unknown {
  try {
    const json: string | undefined = JSON.stringify(value)
    return json === undefined ? undefined : JSON.parse(json)
  } catch {
    return undefined
  }
}

const wholeParts: ReadonlySet<string> = new Set<GeneratorPart['type']>(['tool', 'source-url', 'source-document', 'file', 'data'])

function isWholePart(value: unknown): value is GeneratorPart {
  return isPart(value) && wholeParts.has(value.type)
}

function isStep(step: ProgressStep | undefined): boolean {
  return (
    isObject(step) &&
    typeof step.id === 'string' &&
    typeof step.label === 'string' &&
    (step.state === 'active' || step.state === 'done') &&
    [step.value, step.total].every((count) => count === undefined || Number.isFinite(count))
  )
}
