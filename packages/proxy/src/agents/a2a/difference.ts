import { isGrowing } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { stringIn } from '../json.ts'
import { type Answer, type Draft } from './answer.ts'
import { type NamedPart } from './parts.ts'
import { type TaskEvent } from './protocol.ts'

/**
 * What an event adds to who knows the draft it came to: almost always more of one text, which is then not compared, since
 * that would take as long as the text is, with each of its pieces.
 */
export function additionOf(event: TaskEvent, draft: Draft, before: Answer, after: Answer): readonly LogEntry[] {
  const growing = event.type === 'artifact' && event.append ? draft.artifacts.get(event.artifact.id)?.parts.at(-1) : undefined
  if (event.type !== 'artifact' || growing?.type !== 'text') return difference(before, after).entries
  const texts = event.artifact.parts.map((part) => stringIn(part, 'text'))
  if (texts.includes(null)) return difference(before, after).entries
  const delta = texts.join('')
  return delta === '' ? [] : [{ type: 'text', id: growing.id, delta }]
}

/** What has to be said to who knows `before`, so that it knows `after`; and whether that only adds to it. */
export interface Difference {
  readonly entries: readonly LogEntry[]
  readonly adds: boolean
}

export function difference(before: Answer, after: Answer): Difference {
  const parts = partsBetween(before.parts, after.parts)
  const gone = before.steps.some(({ id }, at) => after.steps[at]?.id !== id)
  if (!parts.inOrder || gone) return { entries: [...parts.entries, snapshotOf(after), statusOf(after)], adds: false }
  const status = before.phase === after.phase ? [] : [statusOf(after)]
  const steps = after.steps.flatMap((step, at): LogEntry[] => {
    const was = before.steps[at]
    return was?.label === step.label && was.state === step.state ? [] : [{ type: 'progress', step }]
  })
  return { entries: [...status, ...steps, ...parts.entries], adds: parts.adds }
}

/** Whether an entry puts an empty text in the place of a part that is gone. */
export function isGap(entry: LogEntry): boolean {
  return entry.type === 'part' && entry.part.type === 'text' && entry.part.text === ''
}

export function snapshotOf({ parts, steps }: Answer): LogEntry {
  return { type: 'snapshot', parts, steps }
}

export function statusOf({ phase }: Answer): LogEntry {
  return { type: 'status', status: phase }
}

/**
 * What was put in the place of something longer is said part by part: a snapshot that is shorter than the screen would wait there until
 * it has caught up, since it can not say that it knows more. What is gone becomes an empty text.
 */
function partsBetween(before: readonly NamedPart[], after: readonly NamedPart[]): Difference & { readonly inOrder: boolean } {
  const ids = new Set(after.map(({ id }) => id))
  const kept = before.filter(({ id }) => ids.has(id))
  const gone = before.filter(({ id }) => !ids.has(id))
  const inOrder = kept.every(({ id }, at) => after[at]?.id === id)
  const known = new Map(kept.map((part) => [part.id, part]))
  const entries = gone.map(({ id }): LogEntry => ({ type: 'part', part: { type: 'text', id, text: '' } }))
  let adds = gone.length === 0
  for (const part of after) {
    const was = known.get(part.id)
    if (was === part) continue
    const delta = deltaBetween(was, part)
    if (delta === '') continue
    if (delta !== null && isGrowing(part)) entries.push({ type: part.type, id: part.id, delta })
    else if (was === undefined || isGrowing(part) || JSON.stringify(was) !== JSON.stringify(part)) {
      entries.push({ type: 'part', part })
      adds &&= was === undefined
    }
  }
  return { entries, adds, inOrder }
}

/** What the text of a part has grown by; `null` where it has not grown, but become another. */
function deltaBetween(before: NamedPart | undefined, after: NamedPart): string | null {
  if (!isGrowing(after)) return null
  if (before === undefined) return after.text
  if (before.type !== after.type || !after.text.startsWith(before.text)) return null
  return after.text.slice(before.text.length)
}
