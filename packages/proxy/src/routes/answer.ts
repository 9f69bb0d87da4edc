import { joinToken, type AgentResponse, type Cursor, type UpdateBatch } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { eventStream } from '../http/eventStream.ts'
import { json } from '../http/problem.ts'
import { legError } from '../leg/agentError.ts'
import { createLeg } from '../leg/leg.ts'
import { overOf, type KnownPlace, type Place } from '../leg/place.ts'
import { sealedResponse, settledResponse } from '../leg/response.ts'
import { type RunIdentity } from '../registry/registry.ts'

export function wantsStream(request: Request): boolean {
  return request.headers.get('accept')?.includes('text/event-stream') ?? false
}

/** A run's updates as server-sent events. */
export async function streamAnswer(
  context: ProxyContext,
  { request, waitUntil }: Call,
  run: RunIdentity,
  options: { batches(signal: AbortSignal): AsyncIterable<UpdateBatch>; starts: boolean; handle: string | null },
): Promise<Response> {
  const { batches, starts, handle } = options
  const leg = createLeg({ batches, starts, waitUntil })
  // Some runtimes only say here that the client has gone, and never cancel the body.
  request.signal.addEventListener('abort', leg.close, { once: true })
  if (request.signal.aborted) leg.close()
  const { heartbeatMs, firstBatchMs, idleMs } = context
  const seal = (handle: string): Promise<string> => context.sealer.seal({ ...run, handle })
  return await eventStream(leg, { seal, handle, heartbeatMs, firstBatchMs, idleMs })
}

/** What an agent answered, with the token sealed. */
export async function jsonAnswer(context: ProxyContext, run: RunIdentity, response: AgentResponse): Promise<Response> {
  return json(await sealedResponse(context, run, await settledResponse(context, run, response)))
}

/** What is known of a run that the agent never named. */
export function knownAnswer(runId: string, { state, elapsedMs }: KnownPlace): Response {
  const message = { id: runId, role: 'assistant', parts: [] } as const
  return json({ runId, state, message, continuationToken: null, elapsedMs } satisfies AgentResponse)
}

/** Asks for the state of a run once. */
export async function pollAnswer(
  context: ProxyContext,
  { request: { signal } }: Call,
  run: RunIdentity,
  place: Place,
  cursor: Cursor,
): Promise<Response> {
  if (place.type === 'known') return knownAnswer(run.runId, place)
  const { session, handle } = place
  try {
    const continuationToken = joinToken(handle, cursor)
    const response = await context.agent.run([], { ...run, session, signal, continuationToken })
    return await jsonAnswer(context, { ...run, session }, response)
  } catch (error) {
    if (signal.aborted) throw error
    const over = await overOf(context.registry, run, error)
    if (over !== null) return knownAnswer(run.runId, over)
    context.report(error, 'poll')
    throw legError(error)
  }
}
