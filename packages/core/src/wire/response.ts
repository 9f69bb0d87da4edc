import { type AgentResponse } from '../agent.ts'
import { isDuration, isRunOutcome, isRunPause, isUsage, partsOf, stepsOf } from './frame.ts'
import { isObject } from './isObject.ts'

/** An agent's response as it came over the wire, or null where it is none. */
export function decodeResponse(value: unknown): AgentResponse | null {
  if (!isObject(value)) return null
  const { runId, state, message, steps, continuationToken, elapsedMs, pollAfterMs, conversation, usage } = value
  if (typeof runId !== 'string' || !isDuration(elapsedMs) || !isState(state)) return null
  if (!isObject(message)) return null
  if (continuationToken !== null && typeof continuationToken !== 'string') return null
  return {
    runId,
    state,
    message: { id: runId, role: 'assistant', parts: partsOf(message.parts) },
    ...(steps !== undefined && { steps: stepsOf(steps) }),
    continuationToken,
    elapsedMs,
    ...(isDuration(pollAfterMs) && { pollAfterMs }),
    ...(typeof conversation === 'string' && { conversation }),
    ...(isUsage(usage) && { usage }),
  }
}

function isState(value: unknown): value is AgentResponse['state'] {
  return isRunOutcome(value) || isRunPause(value) || (isObject(value) && (value.type === 'queued' || value.type === 'working'))
}
