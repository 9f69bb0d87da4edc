import { faultyFetch, type Fault, type Fetch, type SeededRandom } from '@rejoin/testkit'
import { wiretap } from './wiretap.ts'

/** What becomes of one create request. */
export type StartFault =
  /** It never left, or was refused: the provider says so, and it may be sent again. */
  | { readonly type: 'unsent'; readonly code: 'ECONNREFUSED' | 'ENOTFOUND' }
  | { readonly type: 'refused'; readonly status: 429 | 503 }
  /** It was sent. What came back, if anything did, is broken. */
  | { readonly type: 'broken'; readonly fault: Fault }
  | { readonly type: 'none' }

export interface BrokenStart {
  readonly wrap: (fetch: Fetch) => Fetch
  /** Whether a create has reached the provider. */
  sent(): boolean
  /** Whether the agent has heard of the response's id. */
  named(): boolean
}

/** @param faults of the creates, in their order; after the last, nothing happens to them */
export function brokenStart(faults: readonly StartFault[], random: SeededRandom): BrokenStart {
  let creates = 0
  let sent = false
  let heard = (): string => ''

  async function create(fetch: Fetch, url: string, init: RequestInit): Promise<Response> {
    const fault = faults[creates] ?? { type: 'none' }
    creates += 1
    if (fault.type === 'unsent') throw new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: fault.code }) })
    if (fault.type === 'refused') {
      const error = { message: 'Not now.', type: 'requests', param: null, code: 'rate_limit_exceeded' }
      return Response.json({ error }, { status: fault.status, headers: { 'retry-after': '1' } })
    }
    sent = true
    const tap = wiretap(faultyFetch(fetch, { seed: 0, requests: [fault.type === 'broken' ? [fault.fault] : []] }))
    heard = () => tap.bodies().join('')
    return await tap.fetch(url, init)
  }

  return {
    sent: () => sent,
    named: () => /"type":"response\.created".*\n\n/.test(heard()),
    wrap: (fetch) => async (url, init = {}) => {
      if (init.method === 'POST' && url.endsWith('/responses')) return await create(fetch, url, init)
      // A provider that can hardly be reached; asking it again does no harm.
      if (random.chance(0.2)) throw new TypeError('fetch failed')
      return await fetch(url, init)
    },
  }
}

export function startFaults(random: SeededRandom, bytes: number): StartFault[] {
  const before = Array.from({ length: random.pick([0, 0, 1, 2]) }, (): StartFault => {
    if (random.chance(0.5)) return { type: 'unsent', code: random.pick(['ECONNREFUSED', 'ENOTFOUND']) }
    return { type: 'refused', status: random.pick([429, 503]) }
  })
  return [...before, random.chance(0.1) ? { type: 'none' } : { type: 'broken', fault: brokenFault(random, bytes) }]
}

function brokenFault(random: SeededRandom, bytes: number): Fault {
  // Half of them early: what matters most is before and around the first event.
  const after = random.chance(0.5) ? random.int(0, bytes) : Math.floor(bytes ** random.next())
  return random.pick<Fault>([
    { kind: 'lose' },
    { kind: 'stall', after: null },
    { kind: 'error', status: random.pick([500, 502, 504]), retryAfter: null, body: 'html', reached: true },
    { kind: 'cut', after },
    { kind: 'cut', after },
    { kind: 'end', after },
    { kind: 'stall', after },
  ])
}
