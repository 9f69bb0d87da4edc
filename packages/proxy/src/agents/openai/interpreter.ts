import { lengthOf, type RunOutcome } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { stringIn } from '../json.ts'
import { apiResponseOf, type ApiObject, type ApiResponse } from './apiResponse.ts'
import { isObject } from '../../isObject.ts'
import { outcomeOf, phaseOf } from './outcome.ts'
import { partsOf, partsOfItem, sourceOf, stepOfItem, type NamedPart } from './output.ts'

/** What an event of a response's stream says. */
export type Reading =
  | { readonly type: 'news'; readonly entries: readonly LogEntry[]; readonly response: ApiResponse | null }
  | {
      readonly type: 'end'
      readonly outcome: RunOutcome
      readonly response: ApiResponse | null
      /** What the whole response comes to, and whether the entries so far have said the same; see `EndUpdate`. */
      readonly parts: readonly NamedPart[] | null
      readonly complete: boolean | null
    }
  /** The server gives up this stream; how the response fares it does not say. */
  | { readonly type: 'error'; readonly code: string | null }

export interface InterpreterOptions {
  /** Stands before the names of all parts and steps: which round of a run it is. */
  prefix?: string
  /** Whether the stream is read from its first event on, so that everything can be counted. */
  fromStart: boolean
}

/** Events to entries, one after the other. Holds names and lengths, never text. */
export function createInterpreter({ prefix = '', fromStart }: InterpreterOptions): (event: ApiObject) => Reading {
  /** How much of the parts has come in this leg, as `lengthOf` counts it, in the order they came. */
  const lengths = new Map<string, number>()
  /** Items and parts that began in this leg. */
  const fresh = new Set<string>()

  const placeOf = (event: ApiObject): string => `${prefix}${indexIn(event, 'output_index')}`

  function knownFromStart(part: string, item: string): boolean {
    return fromStart || fresh.has(part) || fresh.has(item)
  }

  function delta(type: 'text' | 'reasoning' | 'refusal', id: string, event: ApiObject): LogEntry[] {
    const text = stringIn(event, 'delta')
    if (text === null || text === '') return []
    lengths.set(id, (lengths.get(id) ?? 0) + text.length)
    return [{ type, id, delta: text }]
  }

  function put(part: NamedPart): LogEntry {
    lengths.set(part.id, 1)
    return { type: 'part', part }
  }

  /** What a `done` event adds to the deltas before it: some servers leave them out, in part or altogether. */
  function repaired(parts: readonly NamedPart[], item: string): LogEntry[] {
    return parts.flatMap((part) => {
      if (!knownFromStart(part.id, item)) return []
      if (part.type !== 'text' && part.type !== 'reasoning' && part.type !== 'refusal') {
        return lengths.has(part.id) ? [] : [put(part)]
      }
      if (part.text.length <= (lengths.get(part.id) ?? 0)) return []
      lengths.set(part.id, part.text.length)
      return [{ type: 'part', part }]
    })
  }

  function doneText(type: 'text' | 'reasoning' | 'refusal', id: string, event: ApiObject): LogEntry[] {
    const text = stringIn(event, type === 'refusal' ? 'refusal' : 'text')
    return text === null || text === '' ? [] : repaired([{ type, id, text }], placeOf(event))
  }

  function entriesOf(event: ApiObject): LogEntry[] {
    const place = placeOf(event)
    const content = `${place}.${indexIn(event, 'content_index')}`
    const summary = `${place}.s${indexIn(event, 'summary_index')}`
    switch (event.type) {
      case 'response.output_text.delta':
        return delta('text', content, event)
      case 'response.refusal.delta':
        return delta('refusal', content, event)
      case 'response.reasoning_text.delta':
        return delta('reasoning', content, event)
      case 'response.reasoning_summary_text.delta':
        return delta('reasoning', summary, event)
      case 'response.output_text.done':
        return doneText('text', content, event)
      case 'response.refusal.done':
        return doneText('refusal', content, event)
      case 'response.reasoning_text.done':
        return doneText('reasoning', content, event)
      case 'response.reasoning_summary_text.done':
        return doneText('reasoning', summary, event)
      case 'response.content_part.added':
        fresh.add(content)
        return []
      case 'response.reasoning_summary_part.added':
        fresh.add(summary)
        return []
      case 'response.output_text.annotation.added': {
        const source = sourceOf(event.annotation, content, indexIn(event, 'annotation_index'))
        // It stands behind its text. Where that has had no deltas, the item's `done` event brings both, in order.
        const early = knownFromStart(content, place) && !lengths.has(content)
        return source === null || early ? [] : [put(source)]
      }
      case 'response.output_item.added':
        fresh.add(place)
        return isObject(event.item) ? begun(event.item, place) : []
      case 'response.output_item.done':
        return isObject(event.item) ? finished(event.item, place) : []
      default:
        return []
    }
  }

  function begun(item: ApiObject, place: string): LogEntry[] {
    const step = stepOfItem(item, place, 'active')
    const parts = isWritten(item) ? [] : partsOfItem({ ...item, status: 'in_progress' }, place)
    return [...parts.map(put), ...(step ? [{ type: 'progress', step } as const] : [])]
  }

  function finished(item: ApiObject, place: string): LogEntry[] {
    const parts = partsOfItem(item, place)
    if (isWritten(item)) return repaired(parts, place)
    const step = stepOfItem(item, place, 'done')
    return [...parts.map(put), ...(step ? [{ type: 'progress', step } as const] : [])]
  }

  /** Whether what has come is of the same parts, in their order and as long. */
  function hasSaid(parts: readonly NamedPart[]): boolean {
    const said = [...lengths]
    return said.length === parts.length && said.every(([id, length], at) => id === parts[at]?.id && length === lengthOf([parts[at]]))
  }

  function endOf(event: ApiObject, named: string): Reading {
    const response = apiResponseOf(event.response)
    // Its status, before the event's name: Azure AI Foundry says `response.failed` of what was cancelled.
    const outcome = (response && outcomeOf(response)) ?? outcomeOf({ status: named, errorCode: null, incompleteReason: null })
    const output = response?.output ?? null
    // Of anything but an answer the provider may keep less than it has sent.
    const answered = outcome?.type === 'completed' || outcome?.type === 'incomplete'
    const parts = output !== null && answered ? partsOf(output, prefix) : null
    const complete = fromStart && parts !== null ? hasSaid(parts) : null
    return { type: 'end', outcome: outcome ?? { type: 'completed' }, response, parts, complete }
  }

  return (event) => {
    switch (event.type) {
      case 'error':
        return { type: 'error', code: stringIn(event, 'code') ?? stringIn(event.error, 'code') }
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        return endOf(event, event.type.slice('response.'.length))
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress': {
        const response = apiResponseOf(event.response)
        const entries: LogEntry[] = response === null ? [] : [{ type: 'status', status: phaseOf(response) }]
        return { type: 'news', entries, response }
      }
      default:
        return { type: 'news', entries: entriesOf(event), response: null }
    }
  }
}

/** What grows by deltas; everything else comes whole. */
function isWritten({ type }: ApiObject): boolean {
  return type === 'message' || type === 'reasoning'
}

function indexIn(event: ApiObject, name: string): number {
  const index = event[name]
  return typeof index === 'number' ? index : 0
}
