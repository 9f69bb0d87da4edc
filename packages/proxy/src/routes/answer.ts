import { joinToken, type AgentResponse, type Cursor, type UpdateBatch } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { type EventLeg } from '../events.ts'
import { eventStream } from '../http/eventStream.ts'
import { json } from '../http/problem.ts'
import { legError } from '../leg/agentError.ts'
import { createLeg } from '../leg/leg.ts'
import { isClosed } from '../leg/outcome.ts'
import { overOf, type KnownPlace, type Place } from '../leg/place.ts'
import { toldResponse } from '../leg/response.ts'
import { type RunIdentity, type RunRecord } from '../registry/registry.ts'

export function wantsStream(request: Request): boolean {
  return request.headers.get('accept')?.includes('text/event-stream') ?? false
}

/** A run's updates as server-sent events. */
export async function streamAnswer(
  context: ProxyContext,
  { request, waitUntil }: Call,
  run: RunIdentity,
  options: { batches(signal: AbortSignal): AsyncIterable<UpdateBatch>; leg: EventLeg; handle: string | null },
): Promise<Response> {
  const { batches, handle } = options
  const leg = createLeg({ batches, starts: options.leg === 'start', waitUntil })
  // Some runtimes only say here that the client has gone, and never cancel the body.
  request.signal.addEventListener('abort', leg.close, { once: true })
  if (request.signal.aborted) leg.close()
  const { heartbeatMs, firstBatchMs, idleMs } = context
  const seal = (handle: string): Promise<string> => context.sealer.seal({ ...run, handle })
  const openedAt = Date.now()
  const { runId, session } = run
  const about = { runId, session, leg: options.leg }
  return await eventStream(leg, {
    seal,
    handle,
    heartbeatMs,
    firstBatchMs,
    idleMs,
    opened: () => context.teller?.tell({ type: 'leg_opened', ...about }),
    closed({ reason, updates, bytes }) {
      // Whoever has gone may be noticed by the silence of the agent alone.
      const end = reason === 'cut' && request.signal.aborted ? 'left' : reason
      context.teller?.tell({ type: 'leg_closed', ...about, reason: end, updates, bytes, ms: Date.now() - openedAt })
    },
  })
}

/** What an agent answered, with the token sealed. `asked` is what was known of the run before. */
export async function jsonAnswer(
  context: ProxyContext,
  run: RunIdentity,
  response: AgentResponse,
  asked: RunRecord | null = null,
): Promise<Response> {
  return json(await toldResponse(context, run, response, asked))
}

/** What is known of a run that the agent never named. */
export function knownAnswer(runId: string, { state, elapsedMs, answer }: KnownPlace): Response {
  const message = { id: runId, role: 'assistant', parts: [] } as const
  return json({ ...(answer ?? { runId, message, continuationToken: null, elapsedMs }), state } satisfies AgentResponse)
}

/** Asks for the state of a run once. */
export async function pollAnswer(
  context: ProxyContext,
  { request: { signal }, waitUntil }: Call,
  run: RunIdentity,
  place: Place,
  cursor: Cursor,
): Promise<Response> {
  if (place.type === 'known') return knownAnswer(run.runId, place)
  const { session, handle } = place
  try {
    const continuationToken = joinToken(handle, cursor)
    const asked = await context.registry.get(run)
    const response = await context.agent.run([], { ...run, session, signal, continuationToken })
    if (isClosed(response.state)) context.recorder?.tell(run, response)
    const answer = await jsonAnswer(context, { ...run, session }, response, asked)
    // It may have waited until now, and been watched by nobody.
    if (!isClosed(response.state)) context.recorder?.watch(run, waitUntil)
    return answer
  } catch (error) {
    if (signal.aborted) throw error
    const over = await overOf(context.registry, run, error)
    if (over !== null) return knownAnswer(run.runId, over)
    context.report(error, 'poll')
    throw legError(error)
  }
}
