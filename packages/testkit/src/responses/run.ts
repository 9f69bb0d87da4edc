import { createAlarm } from './alarm.ts'
import { type ApiObject } from './apiObject.ts'
import { type OutputItem } from './itemWriter.ts'
import { isBreak, type LogEntry } from './log.ts'
import { type Traits } from './profile.ts'
import { type ResponsesRequest } from './request.ts'
import { type ResponseLog } from './responseLog.ts'
import { responseObject, type ResponseStatus } from './responseObject.ts'

export interface RunOptions {
  id: string
  request: ResponsesRequest
  traits: Traits
  /** When the request came, in milliseconds since the epoch. */
  startedAt: number
  log: ResponseLog
  numbered: boolean
}

/** What a stream sends at once. */
export interface Frames {
  readonly text: string
  /** The numbers of the events in it. */
  readonly numbers: readonly number[]
}

/**
 * A response that nobody works on: where it is follows from its log and the clock, whether anybody
 * listens or not. All it remembers is that it was stopped, and which breaks have happened.
 */
export interface Run {
  readonly id: string
  readonly request: ResponsesRequest
  /** When it got its id, in milliseconds since the epoch. */
  readonly createdAt: number
  status(): ResponseStatus
  /** As a poll sees it. */
  response(): ApiObject
  /** The items it has in the end. */
  output(): readonly OutputItem[]
  /** How many events there are. */
  events(): number
  /** Everything from this number on, as it becomes due. Throws where the connection breaks. */
  stream(from: number, signal: AbortSignal): AsyncGenerator<Frames>
  /** Resolves when it has got its id. */
  created(signal: AbortSignal): Promise<void>
  ended(signal: AbortSignal): Promise<void>
  /** Ends it as cancelled, with what that sends to its streams. */
  stop(event: 'response.cancelled' | 'response.failed' | null): void
}

/** So that a slow reader of a long log never has more than a little of it in memory. */
const entriesAtOnce = 64

export function createRun({ id, request, traits, startedAt, log, numbered }: RunOptions): Run {
  const alarm = createAlarm()
  const passed = new Set<LogEntry>()
  const createdAt = startedAt + log.createdAt
  let entries = log.entries
  let stopped = false
  let endedAt = log.endedAt

  function elapsed(): number {
    return Math.max(0, Date.now() - startedAt)
  }

  async function reach(at: () => number, signal: AbortSignal): Promise<void> {
    while (elapsed() < at()) await alarm.wait(at() - elapsed(), signal)
  }

  function status(): ResponseStatus {
    if (stopped) return 'cancelled'
    const now = elapsed()
    if (now < log.begunAt) return request.background ? 'queued' : 'in_progress'
    return now < endedAt ? 'in_progress' : log.status
  }

  function response(): ApiObject {
    const now = status()
    return now === log.status ? log.final : responseObject(id, createdAt, request, { status: now })
  }

  function written({ event, number }: Extract<LogEntry, { number: number }>): string {
    const { type, ...fields } = event
    const data = numbered ? { type, sequence_number: number, ...fields } : event
    return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
  }

  return {
    id,
    request,
    createdAt,
    status,
    response,
    output: () => (status() === log.status ? log.output : []),
    events: () => entries.filter(({ kind, at }) => kind === 'event' && at <= elapsed()).length,
    async *stream(from, signal) {
      let next = entries.findIndex((entry) => entry.kind === 'event' && entry.number >= from)
      if (next === -1) next = entries.length
      // Whatever stands before an event that isn't one happens before it.
      while (next > 0 && entries[next - 1]?.kind !== 'event') next -= 1

      while (true) {
        let text = ''
        const numbers: number[] = []
        let entry = entries[next]
        for (; entry !== undefined && entry.at <= elapsed() && numbers.length < entriesAtOnce; entry = entries[next]) {
          if (entry.kind === 'comment') {
            text += `: ${entry.text}\n\n`
          } else if (entry.kind === 'event') {
            text += written(entry)
            numbers.push(entry.number)
          } else if (entry.kind === 'silence' || !passed.has(entry)) {
            break
          }
          next += 1
        }
        signal.throwIfAborted()
        if (text !== '') {
          yield { text, numbers }
          // While it was read, the response may have been cancelled.
          continue
        }
        if (entry === undefined) return
        if (entry.kind === 'silence') {
          await alarm.wait(Infinity, signal)
        } else if (entry.at > elapsed()) {
          await alarm.wait(entry.at - elapsed(), signal)
        } else if (isBreak(entry)) {
          passed.add(entry)
          if (entry.kind === 'error') yield { text: written(entry), numbers: [entry.number] }
          if (entry.kind === 'cut') throw new TypeError('network error')
          return
        }
      }
    },
    created: (signal) => reach(() => log.createdAt, signal),
    ended: (signal) => reach(() => endedAt, signal),
    stop(type) {
      const at = elapsed()
      if (stopped || at >= endedAt) return
      stopped = true
      endedAt = at
      const past = entries.filter((entry) => entry.at <= at)
      const last = past.findLast((entry) => entry.kind === 'event')
      const number = (last?.number ?? -1) + 1 + traits.lastGap
      entries = type === null ? past : [...past, { kind: 'event', at, number, event: { type, response: response() } }]
      alarm.ring()
    },
  }
}

/** Whether it hasn't ended. */
export function isRunning(run: Run): boolean {
  const status = run.status()
  return status === 'queued' || status === 'in_progress'
}

export function newId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
