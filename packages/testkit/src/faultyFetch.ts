import { delay, header } from '@rejoin/core'
import { describeFaults } from './describePlan.ts'
import { errorAnswer, portalAnswer, unauthorizedAnswer } from './errorAnswer.ts'
import { type Fault, type FaultKind, type FaultPlan } from './fault.ts'
import { answerOf, drop, withBody, type Fetch } from './handlerFetch.ts'
import { playBody, type BodyEnd } from './playBody.ts'

/** What became of one request. */
export interface FaultyRequest {
  readonly method: string
  readonly url: string
  readonly faults: readonly Fault[]
  /** How often the server got it. */
  readonly sent: number
  /** The bytes of the answer's body that were handed on. */
  readonly bytes: number
  /** `null` while it is under way. */
  readonly end: BodyEnd | 'refused' | 'lost' | null
}

/** A fetch that plays a plan. */
export interface FaultyFetch extends Fetch {
  /** What became of each request, in their order. */
  readonly requests: readonly FaultyRequest[]
  /** The same in lines, as they ended. */
  readonly log: readonly string[]
}

type Entry = { -readonly [K in keyof FaultyRequest]: FaultyRequest[K] }

/**
 * Plays `plan` on the requests that go through it, in their order. The caller's signal is honoured
 * whatever state a request is in. Bodies of requests must be something that can be sent twice.
 * @param fetch the real one, or `handlerFetch(handler)`
 */
export function faultyFetch(fetch: Fetch, plan: FaultPlan): FaultyFetch {
  const requests: Entry[] = []
  const log: string[] = []

  function close(entry: Entry, end: NonNullable<Entry['end']>): void {
    if (entry.end !== null) return
    entry.end = end
    const { method, url, faults, sent, bytes } = entry
    const number = requests.indexOf(entry) + 1
    log.push(`${number} ${method} ${url}: ${describeFaults(faults)}; sent ${sent}, ${bytes} bytes, ${end}`)
  }

  /** What stands in for the answer, or the answer. */
  async function answer(url: string, init: RequestInit, entry: Entry, signal: AbortSignal | undefined): Promise<Response> {
    const { faults } = entry

    function send(): Promise<Response> {
      entry.sent += 1
      const sent = find(faults, 'replay') ? withoutPlace(init) : init
      return answerOf(() => fetch(url, sent), signal)
    }

    async function sendTwice(keep: 'first' | 'second'): Promise<Response> {
      const [first, second] = [send(), send()]
      void (keep === 'first' ? second : first).then(drop, () => {})
      return await (keep === 'first' ? first : second)
    }

    signal?.throwIfAborted()
    const slow = find(faults, 'slow')
    if (slow) await delay(slow.answerMs, signal)
    if (find(faults, 'refuse')) {
      close(entry, 'refused')
      throw new TypeError('network error')
    }
    if (find(faults, 'unauthorized')) return unauthorizedAnswer()
    if (find(faults, 'html')) return portalAnswer()
    const error = find(faults, 'error')
    if (error && !error.reached) return errorAnswer(error)

    const duplicate = find(faults, 'duplicate')
    const response = await (duplicate ? sendTwice(duplicate.keep) : send())
    if (error) {
      drop(response)
      return errorAnswer(error)
    }
    if (find(faults, 'lose')) {
      drop(response)
      close(entry, 'lost')
      throw new TypeError('network error')
    }
    if (find(faults, 'stall')?.after === null) {
      drop(response)
      return await never(signal)
    }
    return response
  }

  async function faulty(url: string, init: RequestInit = {}): Promise<Response> {
    const faults = plan.requests[requests.length] ?? []
    const entry: Entry = { method: init.method ?? 'GET', url, faults, sent: 0, bytes: 0, end: null }
    requests.push(entry)
    const signal = init.signal ?? undefined
    try {
      const response = await answer(url, init, entry, signal)
      if (response.body === null) {
        close(entry, 'complete')
        return response
      }
      const events = response.headers.get('content-type')?.startsWith('text/event-stream')
      const body = playBody(response.body, {
        faults: events ? faults : faults.filter(({ kind }) => kind !== 'repeat'),
        signal,
        onBytes: (count) => (entry.bytes += count),
        onEnd: (end) => close(entry, end),
      })
      return withBody(response, body)
    } catch (error) {
      close(entry, signal?.aborted ? 'aborted' : 'failed')
      throw error
    }
  }

  return Object.assign(faulty, { requests, log })
}

function find<K extends FaultKind>(faults: readonly Fault[], kind: K): Extract<Fault, { kind: K }> | undefined {
  return faults.find((fault): fault is Extract<Fault, { kind: K }> => fault.kind === kind)
}

function withoutPlace(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers)
  headers.delete(header.lastEventId)
  return { ...init, headers }
}

/** Rejects with the signal's reason, and not before. */
function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    else signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
