import { type RunOutcome, type RunPause } from '@rejoin/core'
import { type TaskState, type TaskStatus } from './protocol.ts'

/** How a task has ended, or for what it waits; `null` while it goes on. */
export function outcomeOf(state: TaskState): RunOutcome | RunPause | null {
  switch (state) {
    case 'completed':
      return { type: 'completed' }
    case 'canceled':
      return { type: 'cancelled' }
    case 'failed':
      return { type: 'failed', code: 'agent_failed' }
    case 'rejected':
      return { type: 'failed', code: 'content_policy' }
    case 'input_required':
      return { type: 'paused', reason: 'input' }
    case 'auth_required':
      return { type: 'paused', reason: 'auth' }
    case 'submitted':
    case 'working':
      return null
  }
}

/** Since the task began: by the agent's clock where it says when it ended or asked, by this machine's while it runs. */
export function elapsedOf(startedAt: number, status: TaskStatus | null): number {
  const endedAt = status && outcomeOf(status.state) && status.at
  return Math.max(0, (endedAt ?? Date.now()) - startedAt)
}
