import { header, isRejoinError, joinToken, type AgentResponse } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { readJson } from '../http/body.ts'
import { hasOnly } from '../http/form.ts'
import { problem } from '../http/problem.ts'
import { legError } from '../leg/agentError.ts'
import { inTime } from '../leg/inTime.ts'
import { overOf, placeOf, placeSoon, type KnownPlace, type Place } from '../leg/place.ts'
import { settle } from '../leg/settle.ts'
import { type RunIdentity } from '../registry/registry.ts'
import { isSession } from '../startRequest.ts'
import { jsonAnswer, knownAnswer } from './answer.ts'
import { cursorIn, findRun } from './find.ts'

/** `POST {base}/runs/{id}/cancel`: ends a run for good, also one that has not come yet. */
export async function cancelRun(context: ProxyContext, call: Call, runId: string): Promise<Response> {
  const { request, user } = call
  const body = await readJson(request, context.maxBodyBytes)
  if (!body.ok) return problem(body.code)
  if (!hasOnly(body.value, ['session']) || !isSession(body.value.session)) return problem('invalid_request')
  const run: RunIdentity = { user, runId, session: body.value.session }
  if (request.headers.has(header.token)) {
    const found = await findRun(context, call, runId)
    if (!found.ok) return problem(found.code)
    context.teller?.tell({ type: 'cancelled', runId, session: found.session })
    return await cancelAt(context, call, { ...run, session: found.session }, await found.place(request.signal))
  }
  const record = await context.registry.cancel(run)
  context.teller?.tell({ type: 'cancelled', runId, session: record.session })
  const isNamed = record.state !== 'starting' && record.handle !== null
  const place = (signal: AbortSignal): Promise<Place> => placeOf(context, record, signal)
  const stopped = isNamed || record.state === 'ended' ? null : await inTime(context, stopUnnamed(context, call, run))
  return stopped ?? await cancelAt(context, call, run, await placeSoon(context, place, request.signal))
}

/** The agent may know of a run it has not named yet; `null` where it does not. */
async function stopUnnamed(context: ProxyContext, call: Call, run: RunIdentity): Promise<Response | null> {
  try {
    const cancelled = context.agent.cancel({ ...run, continuationToken: null })
    call.waitUntil(cancelled.catch(() => {}))
    return await stopped(context, run, await cancelled)
  } catch (error) {
    if (!isRejoinError(error)) context.report(error, 'cancel')
    return null
  }
}

async function stopped(context: ProxyContext, run: RunIdentity, response: AgentResponse): Promise<Response> {
  const answer = await jsonAnswer(context, run, response)
  // Its text is asked for: an agent may have more of it than it says here.
  context.recorder?.tell(run, null)
  return answer
}

/** What asks the person, and can not be reached at the agent, asks nobody any more. */
async function stoppedHere(context: ProxyContext, run: RunIdentity, place: KnownPlace): Promise<KnownPlace> {
  if (place.state.type !== 'paused') return place
  const { state } = await settle(context, run, { ...place, state: { type: 'cancelled' } })
  context.recorder?.tell(run, null)
  return { ...place, state }
}

async function cancelAt(context: ProxyContext, call: Call, run: RunIdentity, place: Place): Promise<Response> {
  if (place.type === 'known') return knownAnswer(run.runId, await stoppedHere(context, run, place))
  const cursor = cursorIn(call.request)
  if (cursor === null) return problem('invalid_request')
  const { session, handle } = place
  try {
    // Without the request's signal: whoever stops a run and closes the page has stopped it.
    const cancelled = context.agent.cancel({ ...run, session, continuationToken: joinToken(handle, cursor) })
    call.waitUntil(cancelled.catch(() => {}))
    return await stopped(context, { ...run, session }, await cancelled)
  } catch (error) {
    const over = await overOf(context.registry, run, error)
    if (over !== null) return knownAnswer(run.runId, over)
    context.report(error, 'cancel')
    throw legError(error)
  }
}
