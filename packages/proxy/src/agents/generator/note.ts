import { isObject } from '../../isObject.ts'
import { type GeneratorItem } from './generator.ts'
import { jsonOf } from './item.ts'
import { nothingSaid, type Said } from './repetition.ts'

/** A generator's checkpoint as it stands in the log. */
export interface Note {
  readonly state: unknown
  /** What came before it. */
  readonly said: Said
  /** So many questions came before it. */
  readonly asked: number
}

/** @throws TypeError for what has no JSON */
export function stateOf({ state }: Extract<GeneratorItem, { readonly type: 'checkpoint' }>): unknown {
  const copy = jsonOf(state)
  if (copy !== undefined) return copy
  throw new TypeError(
    'A generator agent yielded a checkpoint that has no JSON, so it can not be stored. Yield plain data: objects, arrays, strings, numbers, booleans, null.',
  )
}

/** What was noted last; where that is nothing, it begins anew. */
export function noteIn(checkpoint: unknown): Note {
  if (!isObject(checkpoint) || !isSaid(checkpoint.said) || typeof checkpoint.asked !== 'number') {
    return { state: null, said: nothingSaid, asked: 0 }
  }
  return { state: checkpoint.state, said: checkpoint.said, asked: checkpoint.asked }
}

function isSaid(value: unknown): value is Said {
  if (!isObject(value) || !isObject(value.lengths) || typeof value.others !== 'number') return false
  return Object.values(value.lengths).every((length) => typeof length === 'number')
}
