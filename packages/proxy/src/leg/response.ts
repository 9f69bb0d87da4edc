import { joinToken, splitToken, type AgentResponse } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { isWaiting } from '../registry/record.ts'
import { type RunIdentity, type RunRecord } from '../registry/registry.ts'
import { noted } from './noted.ts'
import { isClosed, safeState } from './outcome.ts'
import { settle, settleOnce, type Settling } from './settle.ts'

/**
 * What an agent has answered, as it counts: noted in the registry, and still with the agent's own names.
 * @param asked what was known of the run before the agent was asked: what has waited since then, does. `null` for a start
 */
export async function settledResponse(
  context: Settling,
  run: RunIdentity,
  response: AgentResponse,
  asked: RunRecord | null,
): Promise<AgentResponse> {
  const said = safeState(response.state)
  const { handle } = response.continuationToken === null ? response : splitToken(response.continuationToken)
  const waited = asked !== null && isWaiting(asked) && !isClosed(said) ? asked.elapsedMs : undefined
  // Also of what is over: it is asked for by that name.
  if (handle !== undefined && asked === null) await noted(context, () => context.registry.running(run, handle))
  else if (handle !== undefined) await context.registry.running(run, handle, waited)
  if (!isClosed(said)) return { ...response, state: said }
  const { elapsedMs, conversation, usage } = response
  const once = asked === null && handle === undefined
  const { state, counts } = await (once ? settleOnce : settle)(context, run, { state: said, elapsedMs, conversation, usage })
  if (counts) return { ...response, state, continuationToken: said.type === 'paused' ? null : response.continuationToken }
  // What came too late is no part of it.
  const { runId, message, steps, continuationToken } = response
  return { runId, state, message: { ...message, parts: [] }, ...(steps && { steps }), continuationToken, elapsedMs }
}

/** The same, as the caller may have it. */
export async function toldResponse(context: ProxyContext, run: RunIdentity, response: AgentResponse, asked: RunRecord | null): Promise<AgentResponse> {
  return await sealedResponse(context, run, await settledResponse(context, run, response, asked))
}

async function sealedResponse(context: ProxyContext, run: RunIdentity, response: AgentResponse): Promise<AgentResponse> {
  const { state, message, steps, elapsedMs, pollAfterMs, usage } = response
  let continuationToken: string | null = null
  if (response.continuationToken !== null) {
    const { handle, cursor } = splitToken(response.continuationToken)
    continuationToken = joinToken(await context.sealer.seal({ ...run, handle }), cursor)
  }
  const conversation = await context.conversations.seal(run, response.conversation)
  return {
    runId: run.runId,
    state,
    message,
    ...(steps && { steps }),
    continuationToken,
    elapsedMs,
    ...(pollAfterMs !== undefined && { pollAfterMs }),
    ...(conversation !== undefined && { conversation }),
    ...(usage && { usage }),
  }
}
