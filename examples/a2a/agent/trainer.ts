import { setTimeout as wait } from 'node:timers/promises'
import { Role, TaskState, type Message } from '@a2a-js/sdk'
import { AgentEvent, type AgentExecutor, type ExecutionEventBus, type RequestContext } from '@a2a-js/sdk/server'
import { goalIn } from './goal.ts'
import { csvOf, planOf, weeksOf } from './plan.ts'
import { createReport, filePart, textIn, textPart } from './report.ts'

/** The agent: one task for each plan, which it works on until it is done or cancelled. It asks how far, where that was not said. */
export function createTrainer({ pace }: { pace: number }): AgentExecutor {
  const running = new Map<string, AbortController>()

  async function work({ taskId, contextId, task, userMessage }: RequestContext, bus: ExecutionEventBus, signal: AbortSignal): Promise<'completed' | 'asks'> {
    const report = createReport({ taskId, contextId }, bus)
    const pause = (ms: number): Promise<void> => wait(ms * pace, undefined, { signal })

    report.status(TaskState.TASK_STATE_WORKING, 'Reading what you aim for')
    await pause(1_500)
    const goal = goalIn(saidIn(task?.history ?? [], userMessage))
    if (goal === null) {
      report.status(TaskState.TASK_STATE_INPUT_REQUIRED, 'How far do you want to run, in kilometres?')
      return 'asks'
    }
    report.status(TaskState.TASK_STATE_WORKING, `Spreading ${goal.km} km over ${goal.weeks} weeks`)
    await pause(2_500)
    const weeks = weeksOf(goal)
    report.status(TaskState.TASK_STATE_WORKING, 'Writing the plan')
    for (const word of planOf(goal, weeks).match(/\S+\s*/g) ?? []) {
      report.artifact('plan', textPart(word))
      await pause(80)
    }
    report.status(TaskState.TASK_STATE_WORKING, 'Making a file of it')
    await pause(1_500)
    report.artifact('table', filePart(csvOf(weeks), { filename: 'training.csv', mediaType: 'text/csv' }))
    report.status(TaskState.TASK_STATE_COMPLETED)
    return 'completed'
  }

  return {
    async execute(context, bus) {
      const { taskId, contextId, userMessage } = context
      const cancelled = new AbortController()
      running.set(taskId, cancelled)
      console.log(`task ${taskId} ${context.task === undefined ? 'started' : 'answered'}`)
      const report = createReport({ taskId, contextId }, bus)
      try {
        bus.publish(AgentEvent.task(context.task ?? report.task(userMessage)))
        console.log(`task ${taskId} ${await work(context, bus, cancelled.signal)}`)
      } catch (error) {
        if (!cancelled.signal.aborted) throw error
        report.status(TaskState.TASK_STATE_CANCELED)
        console.log(`task ${taskId} cancelled`)
      } finally {
        running.delete(taskId)
      }
    },
    async cancelTask(taskId) {
      running.get(taskId)?.abort()
    },
  }
}

/** What the person has said in a task so far. The server may have put the new message into its history already. */
function saidIn(history: readonly Message[], latest: Message): string[] {
  const earlier = history.filter(({ role, messageId }) => role === Role.ROLE_USER && messageId !== latest.messageId)
  return [...earlier, latest].map(textIn)
}
