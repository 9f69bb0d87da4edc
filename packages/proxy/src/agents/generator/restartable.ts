import { RejoinError } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { type LogEntry } from '../../logs/eventLog.ts'
import { type LoggedContext, type LoggedSource } from '../logged/loggedAgent.ts'
import { type Produced } from '../logged/produce.ts'
import { entryOf, isCheckpoint, type AgentGenerator, type GeneratorItem } from './generator.ts'

/**
 * What a generator does that is called again: it `continues` right after the text that is there, or it `repeats`
 * what came after its checkpoint.
 */
export type AfterRestart = 'continues' | 'repeats'

/** As it stands in the log. */
interface Note {
  readonly state: unknown
  /** So much text came before it. */
  readonly length: number
}

/** Runs that are gone on with where their process has died. */
export function restartable(generator: AgentGenerator, afterRestart: AfterRestart): LoggedSource<Produced> {
  return {
    read({ messages, session, runId, user, signal, left }) {
      const { state, length } = noteIn(left?.checkpoint)
      const text = left === null ? '' : textIn(left.updates)
      const items = generator({ messages, session, runId, user, signal, left: left && { checkpoint: state, text } })
      return afterRestart === 'repeats' ? noting(items, length, text.slice(length)) : noting(items, text.length, '')
    },
    produced: (item) => item,
    goesOn: true,
    keepsMessages: true,
  }
}

/**
 * Notes with each checkpoint how much text came before it.
 * @param length of the text that is there where the items begin
 * @param known text that they begin with, and that is in the log already
 */
async function* noting(items: AsyncIterable<GeneratorItem>, length: number, known: string): AsyncGenerator<Produced> {
  let repeated = known
  for await (const item of items) {
    if (isCheckpoint(item)) {
      const checkpoint: Note = { state: copyOf(item.state), length }
      yield { type: 'entries', entries: [], checkpoint }
      continue
    }
    const entry = entryOf(item)
    if (entry === null) continue
    if (entry.type !== 'text') {
      yield { type: 'entries', entries: [entry] }
      continue
    }
    length += entry.delta.length
    const fresh: LogEntry = { type: 'text', delta: withoutRepetition(entry.delta, repeated) }
    repeated = repeated.slice(entry.delta.length)
    if (fresh.delta !== '') yield { type: 'entries', entries: [fresh] }
  }
  if (repeated !== '') throw wentOnDifferently()
}

function withoutRepetition(delta: string, repeated: string): string {
  const same = delta.length < repeated.length ? repeated.startsWith(delta) : delta.startsWith(repeated)
  if (!same) throw wentOnDifferently()
  return delta.slice(repeated.length)
}

/** What people have seen can not be taken back. */
function wentOnDifferently(): RejoinError {
  const cause = new Error(
    "A generator agent was called again after a restart and did not repeat the text that came after its checkpoint, so its run was ended. Yield the same text from the same checkpoint, or use afterRestart: 'continues' and go on right after `left.text`.",
  )
  return new RejoinError('interrupted', { cause })
}

/** A copy: what the generator does to its own afterwards does not count. */
function copyOf(state: unknown): unknown {
  const json: string | undefined = JSON.stringify(state)
  if (json !== undefined) return JSON.parse(json)
  throw new TypeError(
    'A generator agent yielded a checkpoint that has no JSON, so it can not be stored. Yield plain data: objects, arrays, strings, numbers, booleans, null.',
  )
}

function noteIn(checkpoint: unknown): Note {
  if (!isObject(checkpoint) || typeof checkpoint.length !== 'number') return { state: null, length: 0 }
  return { state: checkpoint.state, length: checkpoint.length }
}

function textIn(updates: NonNullable<LoggedContext['left']>['updates']): string {
  return updates.map((update) => (update.type === 'text' ? update.delta : '')).join('')
}
