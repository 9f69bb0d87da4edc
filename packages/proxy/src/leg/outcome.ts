import { isOutcome, type AgentResponse, type RunOutcome, type RunPause } from '@rejoin/core'

/** Codes and reasons are names. Where an agent put anything else, it may be what its provider wrote. */
const name = /^[a-z0-9_.-]{1,64}$/i

function safeOutcome(outcome: RunOutcome): RunOutcome {
  if (outcome.type === 'failed' && !name.test(outcome.code)) return { type: 'failed', code: 'agent_failed' }
  if (outcome.type === 'incomplete' && !name.test(outcome.reason)) return { type: 'incomplete', reason: 'unknown' }
  return outcome
}

export function safeState(state: RunOutcome | RunPause): RunOutcome | RunPause
export function safeState(state: AgentResponse['state']): AgentResponse['state']
export function safeState(state: AgentResponse['state']): AgentResponse['state'] {
  if (isOutcome(state)) return safeOutcome(state)
  return state.type === 'paused' ? { type: 'paused', reason: state.reason } : { type: state.type }
}

/** Whether a run in this state goes on no further by itself. */
export function isClosed(state: AgentResponse['state']): state is RunOutcome | RunPause {
  return state.type === 'paused' || isOutcome(state)
}
