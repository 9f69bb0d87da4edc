import { readFileSync } from 'node:fs'
import {
  createEngine,
  encodeToken,
  encodeUpdate,
  header,
  lengthOf,
  memoryRunStore,
  newRun as newEngineRun,
  problemContentType,
  problemOf,
  proxyAgent,
  reduce,
  shownParts,
  soloTabs,
  startCursor,
  userMessage,
  type AgentResponse,
  type AnswerPart,
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
  type PauseReason,
  type PauseUpdate,
  type Problem,
  type ProgressStep,
  type ProgressUpdate,
  type RejoinErrorCode,
  type RequestPart,
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
  type Usage,
} from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { serve } from '@rejoin/testkit/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
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
    expect(list).toEqual({ runs: [{ id, session: 'support-42', state: 'running', startedAt: expect.any(Number) }] })
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
    ['a session of more than 200 UTF-16 code units', { ...startBody(id), session: `${'😀'.repeat(100)}x` }, {}, 400, 'invalid_request'],
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
    ['Start', names<keyof StartRequest>({ id: 1, session: 1, message: 1, background: 1, conversation: 1, replaces: 1, answers: 1 })],
    ['Start', names<keyof ChatMessage>({ id: 1, role: 1, parts: 1 })],
    ['Poll', names<keyof Omit<AgentResponse, 'handle'>>({ runId: 1, state: 1, message: 1, steps: 1, continuationToken: 1, elapsedMs: 1, pollAfterMs: 1, usage: 1, conversation: 1 })],
    ['Poll', names<RunPhase>({ queued: 1, working: 1 })],
    ['Cancel', names<keyof CancelRequest>({ session: 1 })],
    ['List', names<keyof RunListing>({ id: 1, session: 1, state: 1, startedAt: 1 })],
    ['List', names<RunListing['state']>({ running: 1, paused: 1 })],
    ['Problems', names<keyof Problem>({ type: 1, title: 1, status: 1, code: 1 })],
    ['Steps', names<keyof ProgressStep>({ id: 1, label: 1, state: 1, value: 1, total: 1 })],
    ['Steps', names<ProgressStep['state']>({ active: 1, done: 1 })],
    ['Parts', names<keyof Citation>({ part: 1, start: 1, end: 1 })],
    ['Parts', names<RequestPart['kind']>({ input: 1, approval: 1, auth: 1 })],
    ['The pause', names<PauseReason>({ input: 1, approval: 1, auth: 1 })],
    ['Updates', names<keyof Usage>({ inputTokens: 1, outputTokens: 1 })],
    ['Parts', names<ToolState>({ 'input-streaming': 1, 'input-available': 1, 'output-available': 1, 'output-error': 1 })],
    ['Modes', names<OpenUpdate['mode']>({ tail: 1, replay: 1, snapshot: 1 })],
    ['Headers of a request', Object.values(header)],
  ])('names in "%s" %s', (section, all) => {
    const text = sectionOf(section)
    for (const name of all) expect(text).toMatch(new RegExp(`[\`"]${name}[\`"]`))
  })
})

describe('proxyAgent and the engine do what docs/protocol.md says of', () => {
  const problem = (code: string, status: number): Answer => ({ status, type: problemContentType, body: { type: `urn:rejoin:${code}`, title: '…', status, code } })
  const known = (code: RejoinErrorCode): Answer => problem(code, problemOf(code).status)
  const bare = (status: number): Answer => ({ status, type: 'text/html', body: {} })
  const from = (status: number): Answer => ({ status, type: problemContentType, body: { type: 'about:blank', title: '…', status, code: 'of_a_gateway' } })

  test.each<[name: string, answer: Answer, row: string]>([
    ['401', known('unauthorized'), '401, whoever says it'],
    ['401 of a code it does not know', problem('new', 401), '401, whoever says it'],
    ['401 without a problem', bare(401), '401, whoever says it'],
    ['404', known('not_found'), '404 `not_found`'],
    ['404 of a code it does not know', problem('new', 404), '404 `not_found`'],
    ['409', known('busy'), '409 `busy`'],
    ['409 of a code it does not know', problem('new', 409), '409 `busy`'],
    ['410 conversation_lost', known('conversation_lost'), '410 `conversation_lost`'],
    ['410', known('expired'), '410 `expired`'],
    ['410 of a code it does not know', problem('new', 410), '410 `expired`'],
    ['413', known('too_large'), '413, whoever says it'],
    ['413 without a problem', bare(413), '413, whoever says it'],
    ['429 too_many_runs', known('too_many_runs'), '429 `too_many_runs`'],
    ['429', known('rate_limited'), '429 otherwise, whoever says it'],
    ['429 of a code it does not know', problem('new', 429), '429 otherwise, whoever says it'],
    ['429 without a problem', bare(429), '429 otherwise, whoever says it'],
    ['400 token_invalid', known('token_invalid'), '400 `token_invalid`'],
    ['400', known('invalid_request'), '400, 403, 405, 406, 415, 422 and any other 4xx, with a problem'],
    ['405', problem('invalid_request', 405), '400, 403, 405, 406, 415, 422 and any other 4xx, with a problem'],
    ...[400, 403, 405, 406, 415, 422, 451].map((status): [string, Answer, string] => [
      `${status} of a code it does not know`,
      problem('new', status),
      '400, 403, 405, 406, 415, 422 and any other 4xx, with a problem',
    ]),
    ['500', known('agent_failed'), '500 with a problem, of any code but `internal`'],
    ['500 of a code it does not know', problem('new', 500), '500 with a problem, of any code but `internal`'],
    ['500 internal', known('internal'), '500 `internal`, and 500 without a problem'],
    ['500 without a problem', bare(500), '500 `internal`, and 500 without a problem'],
    ['503', known('unavailable'), '502, 503, 504 and any other 5xx'],
    ['502 without a problem', bare(502), '502, 503, 504 and any other 5xx'],
    ['507 of a code it does not know', problem('new', 507), '502, 503, 504 and any other 5xx'],
    ...[bare(400), bare(403), bare(404), bare(409), bare(410), bare(422), from(403), from(404), { ...bare(304), body: null }, bare(200)].map(
      (answer): [string, Answer, string] => [
        `${answer.status} of something in between, as ${answer.type}`,
        answer,
        'anything else without a problem: 3xx, another 4xx, a 200 with another media type. It is not from a proxy (a deployment, a portal)',
      ],
    ),
  ])('%s', async (_, answer, row) => {
    const [starting = '', later = ''] = cellsOf('Trying again', row)
    const first = verdictIn(starting)
    const then = later === 'the same' ? first : verdictIn(later)
    expect({ starting: await startRefused(answer), later: await resumeRefused(answer), cancel: await cancelRefused(answer) }).toEqual({
      starting: first,
      later: then,
      cancel: then,
    })
  })

  test('a completed end without parts, behind a shorter snapshot', () => {
    expect(sectionOf('The end')).toContain('a `completed` run is what the updates have made of the snapshot, though it is shorter')
    const started = newEngineRun({ id, session: 's', message: userMessage('Why?'), createdAt: 0 })
    const updates: Update[] = [
      { type: 'text', cursor: '0000.0000000001', delta: 'Because it' },
      { type: 'snapshot', cursor: '0001.0000000000', parts: [{ type: 'text', text: 'Be' }], steps: [] },
    ]
    const run = updates.reduce(reduce, started)
    expect(shownParts(run)).toEqual([{ type: 'text', text: 'Because it' }])
    const ended = (outcome: RunOutcome): readonly MessagePart[] =>
      shownParts(reduce(run, { type: 'end', cursor: '0001.0000000001', outcome, elapsedMs: 1 }))
    expect(ended({ type: 'completed' })).toEqual([{ type: 'text', text: 'Be' }])
    expect(ended({ type: 'cancelled' })).toEqual([{ type: 'text', text: 'Because it' }])
  })

  test('lengths, in UTF-16 code units', () => {
    expect(sectionOf('Parts')).toContain('The **length** of a message is the number of UTF-16 code units')
    expect(lengthOf([{ type: 'text', text: '😀é' }, { type: 'data', id: 'd', name: 'n', data: 'long' }])).toBe(4)
  })
})

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: object | null
}

type Verdict = 'failed' | 'ended' | 'again' | 'sign-in'

/** What a cell of "Trying again" begins with. */
function verdictIn(cell: string): Verdict {
  if (cell.startsWith('failed')) return 'failed'
  if (cell.startsWith('ended: `expired`')) return 'ended'
  if (cell.startsWith('try again')) return 'again'
  if (cell.includes('wait for a sign-in')) return 'sign-in'
  throw new Error(`docs/protocol.md says "${cell}", which no client is known to do.`)
}

const startRefused = (answer: Answer): Promise<Verdict> => refused(answer, (method) => method === 'POST')
const resumeRefused = (answer: Answer): Promise<Verdict> => refused(answer, (method) => method === 'GET', (run) => run.breaks())
const cancelRefused = (answer: Answer): Promise<Verdict> => refused(answer, (_, path) => path.endsWith('/cancel'), (run) => run.stop())

/** What becomes of a run whose requests of one kind are all answered with this. */
async function refused(
  { status, type, body }: Answer,
  isRefused: (method: string, path: string) => boolean,
  then: (run: { breaks(): void; stop(): void }) => void = () => {},
): Promise<Verdict> {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let tries = 0
  const legs: ReadableStreamDefaultController<Uint8Array>[] = []
  const agent = proxyAgent({
    url: '/api/agent',
    async fetch(path, { method = 'GET' }) {
      if (isRefused(method, path)) {
        tries += 1
        return new Response(body && JSON.stringify(body), { status, headers: { 'content-type': type } })
      }
      const stream = new ReadableStream<Uint8Array>({
        start(leg) {
          legs.push(leg)
          const text = encodeToken('sealed') + encodeUpdate({ type: 'open', cursor: startCursor, mode: 'tail', elapsedMs: 0 })
          leg.enqueue(new TextEncoder().encode(text + encodeUpdate({ type: 'text', cursor: '0000.0000000001', delta: 'Because' })))
        },
      })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  const engine = createEngine({ agent, user: null, store: memoryRunStore(), tabs: soloTabs() })
  onTestFinished(engine.mount())
  const session = engine.session('s')
  void session.send('Why?')
  await vi.advanceTimersByTimeAsync(100)
  then({ breaks: () => legs[0]?.close(), stop: () => void session.stop() })
  await vi.advanceTimersByTimeAsync(10_000)
  const state = session.getSnapshot().run?.state.type
  if (state === 'failed') return 'failed'
  if (state === 'expired') return 'ended'
  // The headers of a refused sign-in are asked for anew once, within one try.
  if (tries > 2) return 'again'
  engine.setAgent({ ...agent })
  await vi.advanceTimersByTimeAsync(100)
  if (tries > 2) return 'sign-in'
  throw new Error(`Nothing more was asked, and the run is ${state}.`)
}

/** The names of a union; the compiler sees to it that none is missing. */
function names<T extends string>(all: Record<T, 1>): readonly string[] {
  return Object.keys(all)
}

const codes: Record<RejoinErrorCode, 1> = {
  agent_failed: 1,
  bad_response: 1,
  busy: 1,
  content_policy: 1,
  conversation_lost: 1,
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
  unreadable_file: 1,
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
  end: names<Said<EndUpdate>>({ outcome: 1, elapsedMs: 1, length: 1, parts: 1, steps: 1, usage: 1, conversation: 1 }),
  pause: names<Said<PauseUpdate>>({ reason: 1, elapsedMs: 1, length: 1, parts: 1, steps: 1, usage: 1, conversation: 1 }),
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
  request: names<Said<RequestPart>>({ kind: 1, id: 1, prompt: 1, options: 1, name: 1, input: 1, url: 1 }),
  answer: names<Said<AnswerPart>>({ kind: 1, id: 1, request: 1, text: 1, approved: 1 }),
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

/** The further cells of a table's row. */
function cellsOf(section: string, first: string): string[] {
  const rows = sectionOf(section).split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const row = rows.find(([, cell]) => cell === first)
  if (row === undefined) throw new Error(`There is no row "${first}" under "${section}" in docs/protocol.md.`)
  return row.slice(2, -1)
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
  return stream.replaceAll(/"(sealed|conversation)":".+?"/g, '"$1":"…"').replaceAll(/"elapsedMs":\d+/g, '"elapsedMs":0')
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
