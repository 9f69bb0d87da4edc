import { isOutcome, type AgentResponse, type RunOutcome, type UpdateBatch } from '@rejoin/core'

/** Codes and reasons are names. Where an agent put anything else, it may be what its provider wrote. */
const name = /^[a-z0-9_.-]{1,64}$/i

function safeOutcome(outcome: RunOutcome): RunOutcome {
  if (outcome.type === 'failed' && !name.test(outcome.code)) return { type: 'failed', code: 'agent_failed' }
  if (outcome.type === 'incomplete' && !name.test(outcome.reason)) return { type: 'incomplete', reason: 'unknown' }
  return outcome
}

export function safeState(state: AgentResponse['state']): AgentResponse['state'] {
  if (isOutcome(state)) return safeOutcome(state)
  return state.type === 'paused' ? { type: 'paused', reason: state.reason } : { type: state.type }
}

export function safeBatch({ handle, updates }: UpdateBatch): UpdateBatch {
  return {
    handle,
    updates: updates.map((update) =>
      update.type === 'end' ? { ...update, outcome: safeOutcome(update.outcome) } : update,
    ),
  }
}
