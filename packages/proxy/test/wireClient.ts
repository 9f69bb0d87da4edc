// Written from docs/protocol.md alone: nothing of these packages may be imported here.

/** What a client has of a run. */
export interface WireRun {
  readonly base: string
  readonly id: string
  sealed: string | null
  cursor: string
  text: string
  outcome: { type: string } | null
  legs: number
}

export interface WireAnswer {
  state: { type: string }
  message: { parts: unknown[] }
  steps?: unknown[]
  continuationToken: string | null
}

export function newRun(base: string, id: string): WireRun {
  return { base, id, sealed: null, cursor: '0000.0000000000', text: '', outcome: null, legs: 0 }
}

interface Start {
  id: string
  session: string
  message: { id: string; role: string; parts: { type: string; text: string }[] }
  background: boolean
}

export function startBody(id: string): Start {
  return {
    id,
    session: 'support-42',
    message: { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Why climb it?' }] },
    background: true,
  }
}

/**
 * One leg: the start, or what follows. It is cut after so many updates; after none, before the first token counts.
 * A clean end without an `end` leaves the run as it is.
 */
export async function readRun(run: WireRun, cutAfter = Infinity): Promise<void> {
  run.legs += 1
  const leg = new AbortController()
  const headers = { accept: 'text/event-stream', 'rejoin-version': '1' }
  const response = run.sealed
    ? await fetch(`${run.base}/runs/${run.id}`, { headers: { ...headers, ...place(run) }, signal: leg.signal })
    : await fetch(`${run.base}/runs`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(startBody(run.id)),
        signal: leg.signal,
      })
  if (!response.ok || !response.body) throw new Error(`The leg was refused: ${response.status} ${await response.text()}`)
  let seen = 0
  try {
    for await (const { id, data } of eventsIn(response.body)) {
      if (seen === cutAfter) return
      const event = JSON.parse(data)
      if (event.type === 'error') throw new Error(event.problem.code)
      if (event.type === 'token') run.sealed = event.sealed
      if (id === undefined) continue
      take(run, id, event)
      seen += 1
      if (run.outcome || seen === cutAfter) return
    }
  } finally {
    leg.abort()
  }
}

function take(run: WireRun, cursor: string, update: { type: string; delta?: string; outcome?: { type: string } }): void {
  if (run.outcome || update.type === 'open') return
  if (update.type === 'end') run.outcome = update.outcome ?? null
  if (cursor <= run.cursor) return
  run.cursor = cursor
  if (update.type === 'text') run.text += update.delta
}

export async function pollRun(run: WireRun): Promise<WireAnswer> {
  const response = await fetch(`${run.base}/runs/${run.id}`, { headers: { accept: 'application/json', ...place(run) } })
  return await response.json()
}

export async function cancelRun(run: WireRun): Promise<WireAnswer> {
  const response = await fetch(`${run.base}/runs/${run.id}/cancel`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...place(run) },
    body: JSON.stringify({ session: 'support-42' }),
  })
  return await response.json()
}

function place({ sealed, cursor }: WireRun): Record<string, string> {
  return sealed === null ? {} : { 'rejoin-token': sealed, 'last-event-id': cursor }
}

/** As much of SSE as the page says that the proxy writes. */
async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<{ id: string | undefined; data: string }> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
      const data = fields.get('data')
      if (data !== undefined) yield { id: fields.get('id'), data }
    }
  }
}
