import { type ApiObject } from './apiObject.ts'
import { eventStream, type StreamEnd } from './eventStream.ts'
import { traitsOf, type ResponsesProfile } from './profile.ts'
import { Refusal, refusalAnswer, unknownId } from './refusal.ts'
import { answeredCalls, readRequest, type ResponsesRequest } from './request.ts'
import { responseLog, type Keepalives } from './responseLog.ts'
import { type ResponseStatus } from './responseObject.ts'
import { routeOf, type Route } from './route.ts'
import { createRun, type Run } from './run.ts'
import { type ResponsesScript } from './script.ts'

export interface ResponsesEmulatorOptions {
  /** Whose server it is like. @default 'openai' */
  profile?: ResponsesProfile | undefined
  /** What every request is answered with, or a function from the request to that. */
  answer: ResponsesScript | ((request: ResponsesRequest) => ResponsesScript)
  /** Passes before each event after the first, in milliseconds. @default 0 */
  paceMs?: number | undefined
  /** How long after its creation a response can be streamed again, in milliseconds. @default 300_000 */
  windowMs?: number | undefined
  /** Requests with another key, or none, are refused. @default any key will do */
  apiKey?: string | undefined
  /** `keepalive` events that come before a response has an id. @default none */
  keepalives?: Keepalives | undefined
  /** Said in a poll of a running response. @default nothing is said */
  pollAfterMs?: number | undefined
}

/** A response that was created. */
export interface EmulatedResponse {
  readonly id: string
  readonly request: ResponsesRequest
  /** What it is by now. */
  readonly status: ResponseStatus
  /** How many events there are by now. */
  readonly events: number
}

/** A request that came. */
export interface EmulatedRequest {
  readonly method: string
  readonly path: string
  readonly search: URLSearchParams
  /** Without the ones that carry secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** The HTTP status; `null` while there is none. */
  readonly status: number | null
  /** Which response it was about. */
  readonly responseId: string | null
  /** The numbers of the events that were sent. */
  readonly sent: readonly number[]
  /** How its stream ended; `null` where it is open or there is none. */
  readonly end: StreamEnd | null
}

export interface ResponsesEmulator {
  /** Serves `{base}/responses` for every base that ends in `/v1`, or in `/openai` with an `api-version`. */
  readonly handler: (request: Request) => Promise<Response>
  readonly responses: readonly EmulatedResponse[]
  readonly requests: readonly EmulatedRequest[]
}

type Entry = { -readonly [K in keyof EmulatedRequest]: EmulatedRequest[K] } & { sent: number[] }

const secrets = ['authorization', 'api-key', 'cookie']

/**
 * A server of the OpenAI Responses API that plays scripts.
 *
 * Where a response is follows from the script, the moment it was created and the clock alone, so it goes
 * on while nobody is connected, and on fake time too.
 */
export function responsesEmulator(options: ResponsesEmulatorOptions): ResponsesEmulator {
  const { answer, profile = 'openai', paceMs = 0, windowMs = 300_000, apiKey, pollAfterMs } = options
  const { keepalives = { count: 0, everyMs: 0 } } = options
  const traits = traitsOf[profile]
  const runs = new Map<string, Run>()
  const requests: Entry[] = []

  function authorise({ headers }: Request): void {
    if (apiKey === undefined) return
    const bearer = headers.get('authorization')?.replace(/^Bearer /i, '')
    if (bearer === apiKey || headers.get('api-key') === apiKey) return
    throw new Refusal(401, 'Incorrect API key provided.', { code: 'invalid_api_key' })
  }

  function start(request: ResponsesRequest): Run {
    const startedAt = Date.now()
    const id = newId()
    const script = typeof answer === 'function' ? answer(request) : answer
    const log = responseLog(script, { id, request, traits, startedAt, paceMs, keepalives })
    const run = createRun({ id, request, traits, startedAt, log, numbered: script.numbered ?? true })
    runs.set(id, run)
    return run
  }

  /** @throws Refusal where the conversation can't go on like that */
  function assertContinues(request: ResponsesRequest): void {
    const { previous_response_id: id } = request
    if (id === null) return
    const previous = runs.get(id)
    if (previous === undefined || !previous.request.store) {
      const wrong = { param: 'previous_response_id', code: 'previous_response_not_found' }
      throw new Refusal(400, `Previous response with id '${id}' not found.`, wrong)
    }
    const answered = answeredCalls(request)
    const open = previous.output().find(({ type, call_id }) => type === 'function_call' && !answered.has(call_id))
    if (open) throw new Refusal(400, `No tool output found for function call ${String(open['call_id'])}.`, { param: 'input' })
  }

  /** @throws Refusal for what was never stored, or is not stored yet */
  function find(id: string): Run {
    const run = runs.get(id)
    if (run === undefined || !run.request.store) throw unknownId(id)
    if (!run.request.background && isRunning(run)) throw unknownId(id)
    return run
  }

  function json(run: Run, body: ApiObject = run.response(), headers?: HeadersInit): Response {
    const status = isRunning(run) ? traits.runningStatus : 200
    return Response.json(body, { status, ...(headers && { headers }) })
  }

  function stream(run: Run, from: number, entry: Entry, signal: AbortSignal): Response {
    const body = eventStream((life) => run.stream(from, life), {
      signal,
      onSent: (numbers) => entry.sent.push(...numbers),
      onEnd(end) {
        entry.end = end
        // Whoever leaves a response in the foreground stops it.
        if (end === 'left' && !run.request.background) run.stop(null)
      },
    })
    return new Response(body, { headers: streamHeaders })
  }

  async function create(text: string, entry: Entry, signal: AbortSignal): Promise<Response> {
    const asked = readRequest(text)
    const request = traits.background ? asked : { ...asked, background: false }
    assertContinues(request)
    const run = start(request)
    entry.responseId = run.id
    if (request.stream) return stream(run, 0, entry, signal)
    try {
      await (request.background ? run.created(signal) : run.ended(signal))
    } catch (error) {
      if (!request.background) run.stop(null)
      throw error
    }
    return json(run)
  }

  function resume(id: string, search: URLSearchParams, entry: Entry, signal: AbortSignal): Response {
    if (!runs.has(id) && traits.unknownStream === 'empty') return new Response('', { headers: streamHeaders })
    const run = find(id)
    const { background, stream: streamed } = run.request
    const param = { param: 'stream' }
    if (!background) throw notStreamable('it was not created with background=true', param)
    if (!streamed) throw notStreamable('it was not created with stream=true', param)
    if (Date.now() - run.createdAt >= windowMs) {
      throw new Refusal(400, 'This response can no longer be streamed because it is more than 5 minutes old.', param)
    }
    const after = cursorIn(search)
    if (after === null || traits.cursor === 'ignored') return stream(run, 0, entry, signal)
    return stream(run, traits.cursor === 'inclusive' ? after : after + 1, entry, signal)
  }

  function poll(id: string): Response {
    const run = find(id)
    const later = pollAfterMs !== undefined && isRunning(run)
    return json(run, run.response(), later ? { 'openai-poll-after-ms': String(pollAfterMs) } : {})
  }

  function cancel(id: string): Response {
    const run = find(id)
    if (!run.request.background) throw new Refusal(400, 'Cannot cancel a synchronous response.')
    if (run.status() === 'cancelled') return json(run)
    if (!isRunning(run)) throw new Refusal(400, `Cannot cancel a ${run.status()} response.`)
    if (traits.cancel === 'nothing') return json(run, { ...run.response(), status: 'cancelled' })
    run.stop(traits.cancel === 'stops' ? null : traits.cancel)
    return json(run)
  }

  async function answerTo(request: Request, url: URL, entry: Entry): Promise<Response> {
    authorise(request)
    const route: Route = routeOf(request.method, url)
    if (route.type === 'create') return await create(await request.text(), entry, request.signal)
    entry.responseId = route.id
    if (route.type === 'cancel') return cancel(route.id)
    return url.searchParams.get('stream') === 'true'
      ? resume(route.id, url.searchParams, entry, request.signal)
      : poll(route.id)
  }

  return {
    async handler(request) {
      const url = new URL(request.url)
      const headers = Object.fromEntries([...request.headers].filter(([name]) => !secrets.includes(name)))
      const { method } = request
      const entry: Entry = {
        method,
        path: url.pathname,
        search: url.searchParams,
        headers,
        status: null,
        responseId: null,
        sent: [],
        end: null,
      }
      requests.push(entry)
      const response = await answerTo(request, url, entry).catch((error: unknown) => {
        if (error instanceof Refusal) return refusalAnswer(error)
        throw error
      })
      response.headers.set('x-request-id', newId('req_'))
      entry.status = response.status
      return response
    },
    get responses() {
      return [...runs.values()].map((run) => ({
        id: run.id,
        request: run.request,
        status: run.status(),
        events: run.events().length,
      }))
    },
    requests,
  }
}

const streamHeaders = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }

function isRunning(run: Run): boolean {
  const status = run.status()
  return status === 'queued' || status === 'in_progress'
}

function notStreamable(why: string, options: { param: string }): Refusal {
  return new Refusal(400, `This response cannot be streamed because ${why}.`, options)
}

/** @throws Refusal */
function cursorIn(search: URLSearchParams): number | null {
  const after = search.get('starting_after')
  if (after === null) return null
  if (/^\d+$/.test(after)) return Number(after)
  const wrong = { param: 'starting_after', code: 'invalid_type' }
  throw new Refusal(400, "Invalid type for 'starting_after': expected an integer.", wrong)
}

function newId(prefix = 'resp_'): string {
  return prefix + [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
