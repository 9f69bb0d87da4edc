import { type ApiObject } from './apiObject.ts'
import { assertAnswered, assertReadable, historyOf } from './conversation.ts'
import { type RequestNote } from './emulatedRequest.ts'
import { eventStream } from './eventStream.ts'
import { type ResponsesEmulatorOptions } from './options.ts'
import { traitsOf } from './profile.ts'
import { Refusal, unknownId } from './refusal.ts'
import { readRequest, type ResponsesRequest } from './request.ts'
import { responseLog } from './responseLog.ts'
import { createRun, isRunning, newId, type Run } from './run.ts'

/** Each throws a `Refusal` for what the API refuses. */
export interface Endpoints {
  create(body: string, note: RequestNote, signal: AbortSignal): Promise<Response>
  resume(id: string, note: RequestNote, signal: AbortSignal): Response
  poll(id: string): Response
  cancel(id: string): Response
}

/** @param runs where they keep the responses that were created */
export function createEndpoints(runs: Map<string, Run>, options: ResponsesEmulatorOptions): Endpoints {
  const { answer, profile = 'openai', paceMs = 0, windowMs = 300_000, pollAfterMs } = options
  const { keepalives = { count: 0, everyMs: 0 } } = options
  const traits = traitsOf[profile]

  function start(request: ResponsesRequest): Run {
    const script = typeof answer === 'function' ? answer(request) : answer
    if ('refusal' in script) throw new Refusal(script.refusal.status, script.refusal.message, script.refusal)
    const startedAt = Date.now()
    const id = newId('resp_')
    const log = responseLog(script, { id, request, traits, startedAt, paceMs, keepalives })
    const run = createRun({ id, request, traits, startedAt, log, numbered: script.numbered ?? true })
    runs.set(id, run)
    return run
  }

  /** One in the foreground is stored when it has ended. */
  function find(id: string): Run {
    const run = runs.get(id)
    if (run?.request.store !== true || (!run.request.background && isRunning(run))) throw unknownId(id)
    return run
  }

  function json(run: Run, body: ApiObject = run.response()): Response {
    return Response.json(body, { status: isRunning(run) ? traits.runningStatus : 200 })
  }

  function stream(run: Run, from: number, note: RequestNote, signal: AbortSignal): Response {
    const body = eventStream((life) => run.stream(from, life), {
      signal,
      onSent: (numbers) => note.sent.push(...numbers),
      onEnd(end) {
        note.end = end
        // Whoever leaves a response in the foreground stops it.
        if (end === 'left' && !run.request.background) run.stop(null)
      },
    })
    return new Response(body, { headers: streamHeaders })
  }

  return {
    async create(body, note, signal) {
      const asked = readRequest(body)
      const history = historyOf(asked, runs.get(asked.previous_response_id ?? ''))
      assertReadable(asked.input)
      assertAnswered([...history, ...asked.input])
      const request = { ...asked, history, background: traits.background && asked.background }
      const run = start(request)
      note.responseId = run.id
      if (request.stream) return stream(run, 0, note, signal)
      try {
        await (request.background ? run.created(signal) : run.ended(signal))
      } catch (error) {
        if (!request.background) run.stop(null)
        throw error
      }
      return json(run)
    },

    resume(id, note, signal) {
      if (!runs.has(id) && traits.unknownStream === 'empty') return new Response('', { headers: streamHeaders })
      const run = find(id)
      const { background, stream: streamed } = run.request
      if (!background) throw notStreamable('cannot be streamed because it was not created with background=true')
      if (!streamed) throw notStreamable('cannot be streamed because it was not created with stream=true')
      if (Date.now() - run.createdAt >= windowMs) {
        throw notStreamable(`can no longer be streamed because it is more than ${windowMs / 60_000} minutes old`)
      }
      const after = cursorIn(note.search)
      if (after === null || traits.cursor === 'ignored') return stream(run, 0, note, signal)
      return stream(run, traits.cursor === 'inclusive' ? after : after + 1, note, signal)
    },

    poll(id) {
      const run = find(id)
      const response = json(run)
      if (pollAfterMs !== undefined && isRunning(run)) response.headers.set('openai-poll-after-ms', String(pollAfterMs))
      return response
    },

    cancel(id) {
      const run = find(id)
      if (!run.request.background) throw new Refusal(400, 'Cannot cancel a synchronous response.')
      if (run.status() === 'cancelled') return json(run)
      if (!isRunning(run)) throw new Refusal(400, `Cannot cancel a ${run.status()} response.`)
      if (traits.cancel === 'nothing') return json(run, { ...run.response(), status: 'cancelled' })
      run.stop(traits.cancel === 'stops' ? null : traits.cancel)
      return json(run)
    },
  }
}

const streamHeaders = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }

function notStreamable(why: string): Refusal {
  return new Refusal(400, `This response ${why}.`, { param: 'stream' })
}

/** @throws Refusal for what is no number */
function cursorIn(search: URLSearchParams): number | null {
  const after = search.get('starting_after')
  if (after === null) return null
  if (/^\d+$/.test(after)) return Number(after)
  const wrong = { param: 'starting_after', code: 'invalid_type' }
  throw new Refusal(400, "Invalid type for 'starting_after': expected an integer.", wrong)
}
