import { header, startCursor, type AgentResponse, type StartRequest } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { readJson } from '../http/body.ts'
import { json, problem } from '../http/problem.ts'
import { failedStart, resumeBatches, startBatches } from '../leg/batches.ts'
import { legError } from '../leg/agentError.ts'
import { follow } from '../leg/follow.ts'
import { inTime } from '../leg/inTime.ts'
import { noted } from '../leg/noted.ts'
import { isClosed } from '../leg/outcome.ts'
import { placeOf, placeSoon, type Place } from '../leg/place.ts'
import { toldResponse } from '../leg/response.ts'
import { endRun } from '../leg/settle.ts'
import { turnOf } from '../leg/turn.ts'
import { type RunIdentity, type RunRecord } from '../registry/registry.ts'
import { parseStart } from '../startRequest.ts'
import { pollAnswer, streamAnswer, wantsStream } from './answer.ts'
import { beginRun } from './begin.ts'

/** `POST {base}/runs`: a new run, or the one that a start with the same id has begun. */
export async function startRun(context: ProxyContext, call: Call): Promise<Response> {
  const { request, user } = call
  if (request.headers.has(header.token)) return problem('messages_with_token')
  const body = await readJson(request, context.maxBodyBytes)
  if (!body.ok) return problem(body.code)
  const parsed = parseStart(body.value)
  if (!parsed.ok) return problem(parsed.code)
  const { start } = parsed
  const run: RunIdentity = { user, runId: start.id, session: start.session }
  call.known.runId = run.runId

  const begun = await beginRun(context, run, { replaces: start.replaces, signal: request.signal })
  const { runId, session } = run
  switch (begun.type) {
    case 'joined':
      context.teller?.tell({ type: 'joined', runId, session })
      return await join(context, call, begun.record)
    case 'started':
      context.teller?.tell({ type: 'started', runId, session, background: start.background })
      context.recorder?.watch(run, call.waitUntil, start.message)
      return wantsStream(request) ? await startStream(context, call, run, start) : await startOnce(context, call, run, start)
    default:
      return problem(begun.type)
  }
}

async function startStream(context: ProxyContext, call: Call, run: RunIdentity, start: StartRequest): Promise<Response> {
  return await streamAnswer(context, call, run, {
    batches: (signal) => startBatches(context, run, start, signal),
    leg: 'start',
    handle: null,
  })
}

/**
 * Without a stream. The client may go, the start goes on: nobody else could find the run. Only a whole answer is waited for as long
 * as it takes: what goes on in the background can be asked for again.
 */
async function startOnce(context: ProxyContext, call: Call, run: RunIdentity, start: StartRequest): Promise<Response> {
  const answer = askOnce(context, run, start)
  call.waitUntil(answer.catch(() => {}))
  return json(start.background ? await inTime(context, answer) : await answer)
}

async function askOnce(context: ProxyContext, run: RunIdentity, start: StartRequest): Promise<AgentResponse> {
  const { messages, options, release } = await turnOf(context, run, start)
  const startedAt = Date.now()
  // From then on whoever asks for the run finds it, also in another process.
  let known = false
  let followed = false
  async function named(handle: string): Promise<void> {
    known = true
    followed = true
    await noted(context, () => context.registry.running(run, handle))
    await noted(context, () => follow(context, run, start.answers))
  }
  try {
    const response = await context.agent.run(messages, { ...run, ...options, named })
    known = true
    if (!followed) await noted(context, () => follow(context, run, start.answers))
    const { continuationToken, handle, state } = response
    if (continuationToken === null && !isClosed(state)) {
      await noted(context, () => endRun(context, run, { type: 'failed', code: 'start_unknown' }, response.elapsedMs))
    }
    if (isClosed(state)) context.recorder?.tell(run, response)
    const answer = toldResponse(context, run, response, null)
    // Before the registry knows that it is over: then it is looked for.
    if (isClosed(state) && continuationToken === null && handle === undefined) context.wholeAnswers.keep(run, answer)
    return await answer
  } catch (error) {
    context.report(error, 'start')
    throw known ? legError(error) : await failedStart(context, run, error, startedAt)
  } finally {
    release()
  }
}

/** From the beginning: whoever starts a run again has nothing of it. */
async function join(context: ProxyContext, call: Call, record: RunRecord): Promise<Response> {
  const { user, runId, session } = record
  const run: RunIdentity = { user, runId, session }
  const place = (signal: AbortSignal): Promise<Place> => placeOf(context, record, signal)
  if (!wantsStream(call.request)) {
    return await pollAnswer(context, call, run, await placeSoon(context, place, call.request.signal), startCursor)
  }
  return await streamAnswer(context, call, run, {
    batches: (signal) => resumeBatches(context, run, () => place(signal), startCursor, signal),
    leg: 'join',
    handle: null,
  })
}
