import { isDelta, type DeltaUpdate } from '@rejoin/core'
import { type LogEntry, type LoggedUpdate } from '../../logs/eventLog.ts'
import { wentOnDifferently } from './wentOnDifferently.ts'

/** How much a generator has said. */
export interface Said {
  /** Of each thing that grows, in characters. */
  readonly lengths: Readonly<Record<string, number>>
  /** Parts, steps and the like. */
  readonly others: number
}

export const nothingSaid: Said = { lengths: {}, others: 0 }

/** Drops what a generator says again of what is in the log, so that nobody sees it twice. */
export interface Repetition {
  /**
   * What is new in an entry; `null` where nothing is.
   * @throws RejoinError `interrupted` where it is text, and not what was said
   */
  fresh(entry: LogEntry): LogEntry | null
  /** With what it has said again. */
  said(): Said
  /** @throws RejoinError `interrupted` where less was said than before */
  finish(): void
}

/**
 * @param updates what is in the log
 * @param before what of that it will not say again; all of it where left out
 */
export function createRepetition(updates: readonly LoggedUpdate[], before?: Said): Repetition {
  const lengths = new Map<string, number>()
  /** What it is to say again. */
  const texts = new Map<string, string>()
  for (const [name, text] of textsIn(updates)) {
    const length = before ? (before.lengths[name] ?? 0) : text.length
    lengths.set(name, length)
    if (length < text.length) texts.set(name, text.slice(length))
  }
  const logged = updates.filter(isOther).map((update) => JSON.stringify({ ...update, cursor: undefined }))
  let total = logged.length
  let others = before ? logged.slice(before.others) : []

  function freshOther(entry: LogEntry): LogEntry | null {
    const at = others.length === 0 ? -1 : others.indexOf(JSON.stringify(entry))
    if (at >= 0) {
      others.splice(at, 1)
      return null
    }
    // It has gone another way: what it shows from here on takes the place of what has the same ids.
    others = []
    total += 1
    return entry
  }

  return {
    fresh(entry) {
      if (!isDelta(entry)) return freshOther(entry)
      const name = nameOf(entry)
      const { delta } = entry
      lengths.set(name, (lengths.get(name) ?? 0) + delta.length)
      const repeated = texts.get(name)
      if (repeated === undefined) return entry
      if (delta.length < repeated.length) {
        if (!repeated.startsWith(delta)) throw wentOnDifferently()
        texts.set(name, repeated.slice(delta.length))
        return null
      }
      if (!delta.startsWith(repeated)) throw wentOnDifferently()
      texts.delete(name)
      return delta.length === repeated.length ? null : { ...entry, delta: delta.slice(repeated.length) }
    },
    said: () => ({ lengths: Object.fromEntries(lengths), others: total - others.length }),
    finish() {
      if (texts.size > 0) throw wentOnDifferently()
    },
  }
}

/** Neither text nor what the generator did not yield. */
function isOther({ type, ...update }: LoggedUpdate): boolean {
  return type === 'progress' || type === 'status' || (type === 'part' && 'part' in update && update.part.type !== 'request')
}

function textsIn(updates: readonly LoggedUpdate[]): Map<string, string> {
  const texts = new Map<string, string>()
  for (const update of updates) {
    if (isDelta(update)) texts.set(nameOf(update), (texts.get(nameOf(update)) ?? '') + update.delta)
  }
  return texts
}

/** What a delta belongs to: of one type, all without an id are one, however many parts they come to. */
function nameOf({ type, id }: Pick<DeltaUpdate, 'type' | 'id'>): string {
  return id === undefined ? type : `${type}:${id}`
}
