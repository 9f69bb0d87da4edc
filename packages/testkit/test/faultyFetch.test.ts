import { cleanPlan, faultPlan, faultyFetch, handlerFetch, type Fault, type FaultyFetch } from '@rejoin/testkit'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const url = '/stream'
const content = 'data:å日本👩‍🚀\n\nid:2\ndata:zwei\r\n\r\n:\n\ndata:end\n\ndata:old\r\rrest'
const bytes = new TextEncoder().encode(content)

/** A small server that says the same to everyone, in two pieces, and counts. */
function createServer() {
  const server = { requests: 0, cancelled: 0, aborted: 0, bodies: [] as string[], stayOpen: false, silent: false }
  const handler = async (request: Request): Promise<Response> => {
    server.requests += 1
    request.signal.addEventListener('abort', () => (server.aborted += 1))
    server.bodies.push(await request.text())
    if (server.silent) await new Promise(() => {})
    let piece = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        piece += 1
        if (piece === 1) controller.enqueue(bytes.slice(0, 20))
        else if (piece === 2) controller.enqueue(bytes.slice(20))
        else if (!server.stayOpen) controller.close()
        else return new Promise(() => {})
      },
      cancel() {
        server.cancelled += 1
      },
    }, { highWaterMark: 0 })
    return new Response(body, { status: 201, headers: { 'content-type': 'text/event-stream', 'x-own': 'kept' } })
  }
  return { server, handler }
}

function withFaults(...faults: Fault[]) {
  const { server, handler } = createServer()
  const fetch = faultyFetch(handlerFetch(handler), { seed: 0, requests: [faults] })
  return { server, fetch }
}

async function read(response: Response): Promise<{ chunks: Uint8Array[]; text: string; error: unknown }> {
  const chunks: Uint8Array[] = []
  let error: unknown = null
  const reader = response.body?.getReader()
  try {
    while (reader) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
    }
  } catch (caught) {
    error = caught
  }
  return { chunks, text: new TextDecoder().decode(join(chunks)), error }
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))
}

async function abortAfter(turns: number, caller: AbortController): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
  caller.abort('enough')
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => null,
    (error: unknown) => error,
  )
}

function ends(fetch: FaultyFetch) {
  return fetch.requests.map(({ end }) => end)
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  const left = vi.getTimerCount()
  vi.useRealTimers()
  if (left > 0) throw new Error(`${left} timers are left.`)
})

describe('a faulty fetch without faults', () => {
  it('is transparent byte by byte, headers and status included', async () => {
    const { server, handler } = createServer()
    const fetch = faultyFetch(handlerFetch(handler), cleanPlan)
    const response = await fetch(url, { method: 'POST', body: 'question' })
    expect(response.status).toBe(201)
    expect(response.headers.get('x-own')).toBe('kept')
    const { chunks, error } = await read(response)
    expect(error).toBeNull()
    expect(chunks).toEqual([bytes.slice(0, 20), bytes.slice(20)])
    expect(server.bodies).toEqual(['question'])
    expect(fetch.requests).toEqual([
      { method: 'POST', url, faults: [], sent: 1, bytes: bytes.length, end: 'complete' },
    ])
    expect(fetch.log).toEqual([`1 POST /stream: clean; sent 1, ${bytes.length} bytes, complete`])
  })

  it('passes on an answer without a body', async () => {
    const fetch = faultyFetch(async () => new Response(null, { status: 204 }), cleanPlan)
    expect((await fetch(url)).status).toBe(204)
    expect(ends(fetch)).toEqual(['complete'])
  })

  it('passes on what the real fetch throws', async () => {
    const broken = new Error('of its own')
    const fetch = faultyFetch(() => Promise.reject(broken), cleanPlan)
    expect(await failureOf(fetch(url))).toBe(broken)
    expect(ends(fetch)).toEqual(['failed'])
  })

  it('passes on the error of a body', async () => {
    const broken = new Error('of its own')
    const body = new ReadableStream({ start: (controller) => controller.error(broken) })
    const fetch = faultyFetch(async () => new Response(body), cleanPlan)
    expect((await read(await fetch(url))).error).toBe(broken)
    expect(ends(fetch)).toEqual(['failed'])
  })

  it('is clean again after the last request of its plan', async () => {
    const { fetch } = withFaults({ kind: 'refuse' })
    expect(await failureOf(fetch(url))).toBeInstanceOf(TypeError)
    expect((await read(await fetch(url))).text).toBe(content)
    expect(ends(fetch)).toEqual(['refused', 'complete'])
  })
})

describe('each fault', () => {
  it('split: gives the same bytes in chunks of the sizes it names, over and over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), async (sizes) => {
        const { fetch } = withFaults({ kind: 'split', sizes })
        const { chunks } = await read(await fetch(url))
        expect(join(chunks)).toEqual(bytes)
        // A chunk is shorter where one of the server's ends.
        for (const [at, chunk] of chunks.entries()) expect(chunk.length).toBeLessThanOrEqual(sizes[at % sizes.length] ?? 0)
        expect(chunks.length).toBeGreaterThanOrEqual(Math.ceil(bytes.length / Math.max(...sizes)))
      }),
    )
  })

  it('split: cuts characters in two', async () => {
    const { fetch } = withFaults({ kind: 'split', sizes: [1] })
    const { chunks } = await read(await fetch(url))
    expect(chunks.length).toBe(bytes.length)
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(chunks[5])).toThrow(TypeError)
  })

  it('cut: breaks after exactly so many bytes, and lets go of the server', async () => {
    for (let after = 0; after <= bytes.length; after += 1) {
      const { server, fetch } = withFaults({ kind: 'cut', after })
      const { chunks, error } = await read(await fetch(url))
      expect(join(chunks)).toEqual(bytes.slice(0, after))
      expect(error).toBeInstanceOf(TypeError)
      expect(server.cancelled).toBe(1)
      expect(ends(fetch)).toEqual(['cut'])
    }
  })

  it('cut: does nothing to a shorter answer', async () => {
    const { fetch } = withFaults({ kind: 'cut', after: bytes.length + 1 })
    expect(await read(await fetch(url))).toMatchObject({ text: content, error: null })
  })

  it('end: ends cleanly after exactly so many bytes, and lets go of the server', async () => {
    for (let after = 0; after <= bytes.length; after += 1) {
      const { server, fetch } = withFaults({ kind: 'end', after })
      const { chunks, error } = await read(await fetch(url))
      expect(join(chunks)).toEqual(bytes.slice(0, after))
      expect(error).toBeNull()
      expect(server.cancelled).toBe(1)
      expect(ends(fetch)).toEqual(['ended'])
    }
  })

  it('stall: goes silent after so many bytes, until the caller gives up', async () => {
    const { server, fetch } = withFaults({ kind: 'stall', after: 7 })
    const caller = new AbortController()
    const reading = read(await fetch(url, { signal: caller.signal }))
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(fetch.requests).toMatchObject([{ bytes: 7, end: null }])
    expect(server.cancelled).toBe(0)
    caller.abort('enough')
    const { chunks, error } = await reading
    expect(join(chunks)).toEqual(bytes.slice(0, 7))
    expect(error).toBe('enough')
    expect(server.cancelled).toBe(1)
  })

  it('stall: may hold back even the headers', async () => {
    const { server, fetch } = withFaults({ kind: 'stall', after: null })
    const caller = new AbortController()
    const answer = failureOf(fetch(url, { signal: caller.signal }))
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(server.requests).toBe(1)
    expect(fetch.requests).toMatchObject([{ end: null }])
    caller.abort('enough')
    expect(await answer).toBe('enough')
  })

  it('refuse: does not reach the server', async () => {
    const { server, fetch } = withFaults({ kind: 'refuse' })
    expect(await failureOf(fetch(url))).toBeInstanceOf(TypeError)
    expect(server.requests).toBe(0)
  })

  it('lose: reaches the server, and its answer is dropped', async () => {
    const { server, fetch } = withFaults({ kind: 'lose' })
    expect(await failureOf(fetch(url))).toBeInstanceOf(TypeError)
    expect(server).toMatchObject({ requests: 1, cancelled: 1 })
    expect(ends(fetch)).toEqual(['lost'])
  })

  it('error: answers in place of the server', async () => {
    const { server, fetch } = withFaults({ kind: 'error', status: 503, retryAfter: 3, body: 'html', reached: false })
    const response = await fetch(url)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('3')
    expect(response.headers.get('content-type')).toBe('text/html')
    expect((await read(response)).text).toContain('<h1>Error 503</h1>')
    expect(server.requests).toBe(0)
  })

  it.each([
    [429, 'rate_limited'],
    [500, 'internal'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ])('error: says %i in problem JSON as %s', async (status, code) => {
    const { fetch } = withFaults({ kind: 'error', status, retryAfter: null, body: 'problem', reached: false })
    const response = await fetch(url)
    expect(response.status).toBe(status)
    expect(response.headers.has('retry-after')).toBe(false)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ status, code })
  })

  it('error: may come after the server has seen the request', async () => {
    const { server, fetch } = withFaults({ kind: 'error', status: 504, retryAfter: null, body: 'html', reached: true })
    expect((await fetch(url)).status).toBe(504)
    expect(server).toMatchObject({ requests: 1, cancelled: 1 })
  })

  it('html: answers 200 with a page', async () => {
    const { server, fetch } = withFaults({ kind: 'html' })
    const response = await fetch(url)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect((await read(response)).text).toContain('Sign in')
    expect(server.requests).toBe(0)
  })

  it('unauthorized: answers 401, and the server has not seen the request', async () => {
    const { server, fetch } = withFaults({ kind: 'unauthorized' })
    const response = await fetch(url)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'unauthorized', status: 401 })
    expect(server.requests).toBe(0)
  })

  it('replay: the server does not hear where to go on, and of everything else it does', async () => {
    const heard: Headers[] = []
    const fetch = faultyFetch(
      handlerFetch(({ headers }) => {
        heard.push(headers)
        return new Response()
      }),
      { seed: 0, requests: [[{ kind: 'replay' }]] },
    )
    const headers = { 'last-event-id': '7', 'x-own': 'kept' }
    await fetch(url, { headers })
    await fetch(url, { headers })
    expect(heard.map((each) => [each.get('last-event-id'), each.get('x-own')])).toEqual([[null, 'kept'], ['7', 'kept']])
  })

  it('slow: delays the answer and each chunk', async () => {
    const { server, fetch } = withFaults({ kind: 'slow', answerMs: 100, chunkMs: 10 })
    const answer = fetch(url)
    await vi.advanceTimersByTimeAsync(99)
    expect(server.requests).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(server.requests).toBe(1)
    const reading = read(await answer)
    await vi.advanceTimersByTimeAsync(9)
    expect(fetch.requests).toMatchObject([{ bytes: 0 }])
    await vi.advanceTimersByTimeAsync(1)
    expect(fetch.requests).toMatchObject([{ bytes: 20 }])
    await vi.advanceTimersByTimeAsync(20)
    expect((await reading).text).toBe(content)
  })

  it.each(['first', 'second'] as const)('duplicate: sends twice and keeps the %s answer', async (keep) => {
    let answered = 0
    const cancelled: number[] = []
    const fetch = faultyFetch(
      handlerFetch(async () => {
        answered += 1
        const number = answered
        const body = new ReadableStream({
          pull(controller) {
            controller.enqueue(new TextEncoder().encode(String(number)))
            controller.close()
          },
          cancel: () => void cancelled.push(number),
        }, { highWaterMark: 0 })
        return new Response(body)
      }),
      { seed: 0, requests: [[{ kind: 'duplicate', keep }]] },
    )
    const { text } = await read(await fetch(url, { method: 'POST', body: 'x' }))
    expect(text).toBe(keep === 'first' ? '1' : '2')
    expect(cancelled).toEqual([keep === 'first' ? 2 : 1])
    expect(fetch.requests).toMatchObject([{ sent: 2, end: 'complete' }])
  })

  it('repeat: delivers every event twice, comments and CRLF included, wherever its bytes are split', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (size) => {
        const { handler } = createServer()
        const split = faultyFetch(handlerFetch(handler), { seed: 0, requests: [[{ kind: 'split', sizes: [size] }]] })
        const fetch = faultyFetch(split, { seed: 0, requests: [[{ kind: 'repeat' }]] })
        const [a, b, c, d, e, rest] = ['data:å日本👩‍🚀\n\n', 'id:2\ndata:zwei\r\n\r\n', ':\n\n', 'data:end\n\n', 'data:old\r\r', 'rest']
        expect((await read(await fetch(url))).text).toBe(a + a + b + b + c + c + d + d + e + e + rest)
      }),
    )
  })

  it('repeat: leaves alone what is no event stream', async () => {
    const fetch = faultyFetch(async () => new Response('{}\n\n'), { seed: 0, requests: [[{ kind: 'repeat' }]] })
    expect(await (await fetch(url)).text()).toBe('{}\n\n')
  })
})

describe('together', () => {
  it('faults of one request act together', async () => {
    const { server, fetch } = withFaults(
      { kind: 'duplicate', keep: 'second' },
      { kind: 'split', sizes: [4] },
      { kind: 'repeat' },
      { kind: 'cut', after: 30 },
    )
    const { chunks, error } = await read(await fetch(url))
    expect(new TextDecoder().decode(join(chunks))).toBe('data:å日本👩‍🚀\n\ndata')
    expect(Math.max(...chunks.map(({ length }) => length))).toBe(4)
    expect(error).toBeInstanceOf(TypeError)
    expect(server).toMatchObject({ requests: 2, cancelled: 2 })
  })

  it('any plan ends, and a clean request follows it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), async (seed) => {
        const { server, handler } = createServer()
        const plan = faultPlan(seed, { bytes: 80 })
        const fetch = faultyFetch(handlerFetch(handler), plan)
        for (const _ of plan.requests) {
          const caller = new AbortController()
          const leg = fetch(url, { signal: caller.signal }).then(read, () => null)
          await vi.advanceTimersByTimeAsync(60_000)
          caller.abort('enough')
          await leg
        }
        expect(ends(fetch)).not.toContain(null)
        expect((await read(await fetch(url))).text).toBe(content)
        const sent = fetch.requests.reduce((sum, request) => sum + request.sent, 0)
        expect(server.requests).toBe(sent)
        expect(fetch.log).toHaveLength(plan.requests.length + 1)
      }),
    )
  })
})

describe('an abort settles the request', () => {
  const states: [string, Fault[], number][] = [
    ['before a slow answer', [{ kind: 'slow', answerMs: 500, chunkMs: 0 }], 100],
    ['while headers stall', [{ kind: 'stall', after: null }], 100],
    ['while the body stalls', [{ kind: 'stall', after: 3 }], 100],
    ['between slow chunks', [{ kind: 'slow', answerMs: 0, chunkMs: 500 }], 700],
    ['while both of two requests are read', [{ kind: 'duplicate', keep: 'first' }, { kind: 'stall', after: 3 }], 100],
    ['while a clean body is open', [], 100],
  ]

  it.each(states)('%s', async (_, faults, atMs) => {
    const { server, handler } = createServer()
    server.stayOpen = true
    const fetch = faultyFetch(handlerFetch(handler), { seed: 0, requests: [faults] })
    const caller = new AbortController()
    const reason = new Error('enough')
    const outcome = fetch(url, { signal: caller.signal }).then(
      async (response) => (await read(response)).error,
      (error: unknown) => error,
    )
    await vi.advanceTimersByTimeAsync(atMs)
    expect(ends(fetch)).toEqual([null])
    caller.abort(reason)
    expect(await outcome).toBe(reason)
    expect(ends(fetch)).toEqual(['aborted'])
    expect(server.cancelled).toBe(server.requests)
  })

  it('before it is made', async () => {
    const { server, fetch } = withFaults()
    expect(await failureOf(fetch(url, { signal: AbortSignal.abort('enough') }))).toBe('enough')
    expect(server.requests).toBe(0)
    expect(ends(fetch)).toEqual(['aborted'])
  })

  it('while the server says nothing at all, and the server hears of it', async () => {
    const { server, handler } = createServer()
    server.silent = true
    const fetch = faultyFetch(handlerFetch(handler), cleanPlan)
    const caller = new AbortController()
    const outcome = failureOf(fetch(url, { signal: caller.signal }))
    await vi.advanceTimersByTimeAsync(0)
    caller.abort('enough')
    expect(await outcome).toBe('enough')
    expect(server.aborted).toBe(1)
  })

  it('and an answer that comes later is dropped', async () => {
    let answer: (response: Response) => void = () => {}
    let cancelled = 0
    const late = new Promise<Response>((resolve) => (answer = resolve))
    const fetch = faultyFetch(() => late, cleanPlan)
    const caller = new AbortController()
    const outcome = failureOf(fetch(url, { signal: caller.signal }))
    caller.abort('enough')
    expect(await outcome).toBe('enough')
    answer(new Response(new ReadableStream({ cancel: () => void (cancelled += 1) })))
    await vi.advanceTimersByTimeAsync(0)
    expect(cancelled).toBe(1)
  })

  it('between the answer and its body, and between the answer and a stall', async () => {
    for (const faults of [[], [{ kind: 'stall', after: null }]] satisfies Fault[][]) {
      // One of these turns is just between the two.
      for (let turns = 0; turns < 20; turns += 1) {
        const { handler } = createServer()
        const caller = new AbortController()
        const answered = async (): Promise<Response> => {
          const response = await handler(new Request('http://localhost/'))
          void abortAfter(turns, caller)
          return response
        }
        const fetch = faultyFetch(answered, { seed: 0, requests: [faults] })
        const outcome = fetch(url, { signal: caller.signal }).then(
          async (response) => {
            await vi.advanceTimersByTimeAsync(0)
            return (await read(response)).error
          },
          (error: unknown) => error,
        )
        await vi.advanceTimersByTimeAsync(0)
        expect(await outcome, `${turns} turns`).toBe('enough')
      }
    }
  })

  it('and leaves no listener on the signal', async () => {
    for (const faults of [[], [{ kind: 'cut', after: 3 }], [{ kind: 'end', after: 3 }], [{ kind: 'slow', answerMs: 5, chunkMs: 5 }]] satisfies Fault[][]) {
      const { handler } = createServer()
      // Not by handlerFetch: the platform's Request keeps a listener until it is collected.
      const fetch = faultyFetch(() => handler(new Request('http://localhost/')), { seed: 0, requests: [faults] })
      const { signal } = new AbortController()
      const added = vi.spyOn(signal, 'addEventListener')
      const removed = vi.spyOn(signal, 'removeEventListener')
      const reading = fetch(url, { signal }).then(read)
      await vi.advanceTimersByTimeAsync(100)
      await reading
      const left = new Set(added.mock.calls.map(([, listener]) => listener))
      for (const [, listener] of removed.mock.calls) left.delete(listener)
      expect(added).toHaveBeenCalled()
      expect([...left]).toEqual([])
    }
  })

  it('and a reader that stops early lets go of the server too', async () => {
    const { server, fetch } = withFaults()
    await (await fetch(url)).body?.cancel()
    expect(server.cancelled).toBe(1)
    expect(ends(fetch)).toEqual(['cancelled'])
  })
})

describe('handlerFetch', () => {
  it('gives the handler the request as it would come over a network', async () => {
    const seen: string[] = []
    const fetch = handlerFetch(async (request) => {
      seen.push(request.method, request.url, request.headers.get('x-a') ?? '', await request.text())
      return new Response('ok')
    }, 'https://chat.example')
    await fetch('/runs', { method: 'POST', headers: { 'x-a': '1' }, body: 'ä' })
    expect(seen).toEqual(['POST', 'https://chat.example/runs', '1', 'ä'])
  })

  it('rejects with what the handler throws', async () => {
    const broken = new Error('of its own')
    const fetch = handlerFetch(() => {
      throw broken
    })
    expect(await failureOf(fetch('/'))).toBe(broken)
  })

  it('does not call the handler for a request that was aborted before', async () => {
    const { server, handler } = createServer()
    expect(await failureOf(handlerFetch(handler)('/', { signal: AbortSignal.abort('enough') }))).toBe('enough')
    expect(server.requests).toBe(0)
  })
})
