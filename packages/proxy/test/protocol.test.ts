import { readFileSync } from 'node:fs'
import {
  header,
  problemOf,
  type AgentResponse,
  type CancelRequest,
  type ChatMessage,
  type Citation,
  type DataPart,
  type DeltaUpdate,
  type EndUpdate,
  type FilePart,
  type Frame,
  type MessagePart,
  type OpenUpdate,
  type PartUpdate,
  type Problem,
  type ProgressStep,
  type ProgressUpdate,
  type RejoinErrorCode,
  type RunListing,
  type RunOutcome,
  type RunPhase,
  type SnapshotUpdate,
  type SourceDocumentPart,
  type SourceUrlPart,
  type StartRequest,
  type StatusUpdate,
  type TextPart,
  type ToolPart,
  type ToolState,
  type Update,
} from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { serve } from '@rejoin/testkit/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cancelRun, newRun, pollRun, readRun, startBody } from './wireClient.ts'

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')

/** A run's id and message as in the page's example. */
const id = '018f2c4e-8a10-7c3e-9b1d-5a2f00c0ffee'

describe('a client that knows nothing but docs/protocol.md', () => {
  test('starts a run, is cut after each of its updates, and has all of it once (rows 10, 26)', async () => {
    for (const cutAfter of [0, 1, 2, 3, 4, 5]) {
      const { base, started, release } = await served()
      release()
      const run = newRun(base, crypto.randomUUID())
      await readRun(run, cutAfter)
      await readRun(run)
      expect(run).toMatchObject({ outcome: { type: 'completed' }, text: 'Because it is there.', legs: 2 })
      expect(started()).toBe(1)
    }
  })

  test('polls a run that goes on, keeps its place, and reads the rest', async () => {
    const { base, release } = await served()
    const run = newRun(base, id)
    await readRun(run, 3)
    const working = await pollRun(run)
    expect(working).toMatchObject({ state: { type: 'working' }, steps: [{ id: 'look', state: 'active' }] })
    expect(working.continuationToken?.slice(-16)).toBe(`.${run.cursor}`)
    release()
    await readRun(run)
    expect(run.text).toBe('Because it is there.')
    expect(await pollRun(run)).toMatchObject({
      state: { type: 'completed' },
      message: { parts: [{ type: 'text', text: 'Because it is there.' }] },
      continuationToken: null,
    })
  })

  test('joins the run where the first token was lost, and finds it in the list without one', async () => {
    const { base, started, release } = await served()
    const lost = newRun(base, id)
    await readRun(lost, 0)
    const other = newRun(base, id)
    const list: unknown = await (await fetch(`${base}/runs`)).json()
    expect(list).toEqual({ runs: [{ id, session: 'support-42', startedAt: expect.any(Number) }] })
    release()
    await readRun(other)
    expect(other.text).toBe('Because it is there.')
    expect(started()).toBe(1)
  })

  test('cancels a run that goes on, and one that has not come yet', async () => {
    const { base, started } = await served()
    const run = newRun(base, id)
    await readRun(run, 3)
    expect(await cancelRun(run)).toMatchObject({ state: { type: 'cancelled' }, continuationToken: null })
    await readRun(run)
    expect(run).toMatchObject({ outcome: { type: 'cancelled' }, text: 'Because ' })

    const early = newRun(base, 'not-started-yet')
    expect(await cancelRun(early)).toMatchObject({ state: { type: 'cancelled' } })
    await readRun(early)
    expect(early).toMatchObject({ outcome: { type: 'cancelled' }, text: '' })
    expect(started()).toBe(1)
  })

  test.each([
    ['a field that does not belong there', { ...startBody(id), model: 'o3' }, {}, 400, 'invalid_request'],
    ['an earlier message', { ...startBody(id), message: { ...startBody(id).message, role: 'assistant' } }, {}, 400, 'invalid_request'],
    ['an id in another form', { ...startBody(id), id: 'short' }, {}, 400, 'invalid_request'],
    ['a blank message', { ...startBody(id), message: { id: 'm', role: 'user', parts: [{ type: 'text', text: ' ' }] } }, {}, 400, 'empty_message'],
    ['a token', startBody(id), { 'rejoin-token': 'x' }, 400, 'messages_with_token'],
    ['another version', startBody(id), { 'rejoin-version': '2' }, 400, 'invalid_request'],
    ['a large body', { ...startBody(id), session: 'x'.repeat(65_536) }, {}, 413, 'too_large'],
    ['another media type', startBody(id), { 'content-type': 'text/plain' }, 400, 'invalid_request'],
  ])('is refused a start with %s', async (_, body, headers, status, code) => {
    const { base, started } = await served()
    const all = { 'content-type': 'application/json', ...headers }
    const response = await fetch(`${base}/runs`, { method: 'POST', headers: all, body: JSON.stringify(body) })
    expect({ status: response.status, ...problemIn(await response.json()) }).toEqual({ status, code })
    expect(started()).toBe(0)
  })

  test('is refused what is not its own, and methods and places that are none', async () => {
    const { base } = await served()
    const run = newRun(base, id)
    await readRun(run, 3)
    const token = { 'rejoin-token': run.sealed ?? '' }
    const ask = async (path: string, init: RequestInit): Promise<object> => {
      const response = await fetch(base + path, init)
      return { status: response.status, ...problemIn(await response.json()) }
    }
    expect(await ask('/runs/another-run', { headers: token })).toEqual({ status: 404, code: 'not_found' })
    expect(await ask(`/runs/${id}`, { headers: { 'rejoin-token': 'forged' } })).toEqual({ status: 404, code: 'not_found' })
    expect(await ask(`/runs/${id}`, { headers: { ...token, 'last-event-id': '7' } })).toEqual({ status: 400, code: 'invalid_request' })
    expect(await ask(`/runs/${id}`, { method: 'PUT' })).toEqual({ status: 405, code: 'invalid_request' })
    expect(await ask('/else', {})).toEqual({ status: 404, code: 'not_found' })
    const second = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(startBody('another-run')) }
    expect(await ask('/runs', second)).toEqual({ status: 409, code: 'busy' })
  })
})

describe('docs/protocol.md', () => {
  test('has an example whose answers are those of the proxy, byte for byte but for seals and clocks', async () => {
    const [start, first, resume, second] = [...page.matchAll(/```http\n([^]*?)```/g)].map(([, text = '']) => text)
    const { base, release } = await served()
    const origin = new URL(base).origin
    const sent = async (text = '', sealed = ''): Promise<Response> => {
      const [head = '', body] = text.split('\n\n')
      const [line = '', ...headers] = head.split('\n')
      const [method = '', path = ''] = line.split(' ')
      return await fetch(origin + path, {
        method,
        headers: headers.map((each): [string, string] => [each.split(': ')[0] ?? '', (each.split(': ')[1] ?? '').replace('eyJ…1', sealed)]),
        ...(body && { body }),
      })
    }

    const answer = await sent(start)
    expect(headersLike(first, answer)).toBe(headOf(first))
    const reader = answer.body?.getReader()
    let read = ''
    while (reader && !read.endsWith('\n:\n\n')) read += new TextDecoder().decode((await reader.read()).value)
    await reader?.cancel()
    expect(normal(read)).toBe(normal(bodyOf(first)))

    release()
    const rest = await sent(resume, /"sealed":"(.+?)"/.exec(read)?.[1])
    expect(headersLike(second, rest)).toBe(headOf(second))
    expect(normal(await rest.text())).toBe(normal(bodyOf(second)))
  })

  test('names every problem code with its status', () => {
    const rows = Object.fromEntries([...sectionOf('Problems').matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, code, status]) => [code, Number(status)]))
    expect(rows).toEqual(Object.fromEntries(namesOf(codes).map((code) => [code, problemOf(code).status])))
  })

  test.each(namesOf(updates))('names the update %s and its fields', (type) => {
    expect(fieldsIn('Updates', type)).toEqual(new Set(updates[type]))
  })

  test.each(namesOf(parts))('names the part %s and its fields', (type) => {
    const fields = fieldsIn('Parts', type)
    for (const name of parts[type]) expect(fields).toContain(name)
  })

  test.each(namesOf(outcomes))('names the outcome %s and its fields', (type) => {
    expect(fieldsIn('The end', type)).toEqual(new Set(outcomes[type]))
  })

  test.each(namesOf(events))('names the event %s and its fields', (type) => {
    expect(fieldsIn('Events without a cursor', type)).toEqual(new Set(events[type]))
  })

  test.each([
    ['Start', names<keyof StartRequest>({ id: 1, session: 1, message: 1, background: 1 })],
    ['Start', names<keyof ChatMessage>({ id: 1, role: 1, parts: 1 })],
    ['Poll', names<keyof AgentResponse>({ runId: 1, state: 1, message: 1, steps: 1, continuationToken: 1, elapsedMs: 1, pollAfterMs: 1 })],
    ['Poll', names<RunPhase>({ queued: 1, working: 1 })],
    ['Cancel', names<keyof CancelRequest>({ session: 1 })],
    ['List', names<keyof RunListing>({ id: 1, session: 1, startedAt: 1 })],
    ['Problems', names<keyof Problem>({ type: 1, title: 1, status: 1, code: 1 })],
    ['Steps', names<keyof ProgressStep>({ id: 1, label: 1, state: 1, value: 1, total: 1 })],
    ['Steps', names<ProgressStep['state']>({ active: 1, done: 1 })],
    ['Parts', names<keyof Citation>({ part: 1, start: 1, end: 1 })],
    ['Parts', names<ToolState>({ 'input-streaming': 1, 'input-available': 1, 'output-available': 1, 'output-error': 1 })],
    ['Modes', names<OpenUpdate['mode']>({ tail: 1, replay: 1, snapshot: 1 })],
    ['Headers of a request', Object.values(header)],
  ])('names in "%s" %s', (section, all) => {
    const text = sectionOf(section)
    for (const name of all) expect(text).toMatch(new RegExp(`[\`"]${name}[\`"]`))
  })
})

/** The names of a union; the compiler sees to it that none is missing. */
function names<T extends string>(all: Record<T, 1>): readonly string[] {
  return Object.keys(all)
}

const codes: Record<RejoinErrorCode, 1> = {
  agent_failed: 1,
  bad_response: 1,
  busy: 1,
  content_policy: 1,
  empty_message: 1,
  expired: 1,
  internal: 1,
  interrupted: 1,
  invalid_request: 1,
  messages_with_token: 1,
  missing_provider: 1,
  model_not_found: 1,
  not_found: 1,
  overloaded: 1,
  quota_exceeded: 1,
  rate_limited: 1,
  stalled: 1,
  start_unknown: 1,
  storage_unavailable: 1,
  token_invalid: 1,
  too_large: 1,
  too_long: 1,
  too_many_runs: 1,
  unauthorized: 1,
  unavailable: 1,
  unreachable: 1,
}

type Said<T> = T extends unknown ? Exclude<keyof T, 'type' | 'cursor'> : never

const delta = names<Said<DeltaUpdate>>({ delta: 1, id: 1 })
const updates: Record<Update['type'], readonly string[]> = {
  open: names<Said<OpenUpdate>>({ mode: 1, elapsedMs: 1 }),
  text: delta,
  reasoning: delta,
  refusal: delta,
  part: names<Said<PartUpdate>>({ part: 1 }),
  progress: names<Said<ProgressUpdate>>({ step: 1 }),
  status: names<Said<StatusUpdate>>({ status: 1 }),
  snapshot: names<Said<SnapshotUpdate>>({ parts: 1, steps: 1 }),
  end: names<Said<EndUpdate>>({ outcome: 1, elapsedMs: 1, length: 1, parts: 1, steps: 1 }),
  other: [],
}

const growing = names<Said<TextPart>>({ id: 1, text: 1 })
const parts: Record<MessagePart['type'], readonly string[]> = {
  text: growing,
  reasoning: growing,
  refusal: growing,
  tool: names<Said<ToolPart>>({ id: 1, name: 1, state: 1, input: 1, output: 1, errorCode: 1 }),
  'source-url': names<Said<SourceUrlPart>>({ id: 1, url: 1, title: 1, cites: 1 }),
  'source-document': names<Said<SourceDocumentPart>>({ id: 1, filename: 1, fileId: 1, cites: 1 }),
  file: names<Said<FilePart>>({ id: 1, mediaType: 1, url: 1, filename: 1 }),
  data: names<Said<DataPart>>({ id: 1, name: 1, data: 1 }),
}

const outcomes: Record<RunOutcome['type'], readonly string[]> = {
  completed: [],
  incomplete: names<Said<Extract<RunOutcome, { type: 'incomplete' }>>>({ reason: 1 }),
  failed: names<Said<Extract<RunOutcome, { type: 'failed' }>>>({ code: 1 }),
  cancelled: [],
  expired: [],
}

const events: Record<Exclude<Frame['kind'], 'update'>, readonly string[]> = {
  token: ['sealed'],
  error: ['problem', 'retryAfterMs'],
}

function namesOf<T extends string>(record: Record<T, unknown>): T[] {
  return Object.keys(record).filter((name): name is T => name in record)
}

/** What stands under a heading, up to the next one. */
function sectionOf(heading: string): string {
  const [, text] = new RegExp(`^#+ ${heading}\\n([^]*?)(?=^#+ |$(?![^]))`, 'm').exec(page) ?? []
  if (text === undefined) throw new Error(`There is no heading "${heading}" in docs/protocol.md.`)
  return text
}

/** The second cell of a table's row. */
function fieldsIn(section: string, type: string): Set<string> {
  const [, cell] = new RegExp(`^\\| \`${type}\` \\|([^|]*)\\|`, 'm').exec(sectionOf(section)) ?? []
  if (cell === undefined) throw new Error(`There is no row for \`${type}\` under "${section}" in docs/protocol.md.`)
  return new Set([...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
}

function problemIn(body: unknown): { code: unknown } {
  expect(body).toMatchObject({ type: expect.stringMatching(/^urn:rejoin:/), title: expect.any(String), status: expect.any(Number) })
  return { code: typeof body === 'object' && body !== null && 'code' in body ? body.code : null }
}

function headOf(text = ''): string {
  return text.split('\n\n')[0] ?? ''
}

function bodyOf(text = ''): string {
  return text.slice(headOf(text).length + 2)
}

/** A response's head, of the headers that the example has. */
function headersLike(example: string | undefined, { status, headers }: Response): string {
  const wanted = headOf(example).split('\n').slice(1).map((line) => line.split(':')[0] ?? '')
  return [`HTTP/1.1 ${status} OK`, ...wanted.map((name) => `${name}: ${headers.get(name)}`)].join('\n')
}

function normal(stream: string): string {
  return stream.replaceAll(/"sealed":".+?"/g, '"sealed":"…"').replaceAll(/"elapsedMs":\d+/g, '"elapsedMs":0')
}

/** A proxy over real HTTP. Its agent stops in the middle until it is released. */
async function served(): Promise<{ base: string; started(): number; release(): void }> {
  let runs = 0
  const held = Promise.withResolvers<void>()
  const agent = backgroundAgent(async function* () {
    runs += 1
    yield { type: 'progress', step: { id: 'look', label: 'Looking', state: 'active' } }
    yield 'Because '
    await held.promise
    yield { type: 'progress', step: { id: 'look', label: 'Looking', state: 'done' } }
    yield 'it is '
    yield 'there.'
  })
  const handler = createAgentProxy({
    agent,
    secret: 'a secret for tests, long enough to be one',
    authorize: () => ({ user: 'ada' }),
    heartbeatMs: 50,
  })
  const { url, close } = await serve(handler)
  onTestFinished(close)
  return { base: `${url}/api/agent`, started: () => runs, release: () => held.resolve() }
}
