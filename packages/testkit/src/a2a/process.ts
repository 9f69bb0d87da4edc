import { TaskState, type Message, type Task } from '@a2a-js/sdk'
import { AgentEvent, DefaultRequestHandler, ExecutionEventQueue, ResultManager } from '@a2a-js/sdk/server'
import { RejoinError } from '@rejoin/core'
import { createBuses } from './buses.ts'
import { cardOf } from './card.ts'
import { isOver, positionOf, statusEvent } from './events.ts'
import { createPlayer, type KnownTask } from './player.ts'
import { type A2aScript } from './script.ts'
import { type A2aStoreDelays, type Tasks } from './taskStore.ts'

/** One process with an agent in it. */
export interface AgentProcess {
  readonly handler: DefaultRequestHandler
  /** Nothing of it reaches anybody any more, its task store included. */
  kill(): void
}

export interface AgentProcessOptions {
  url: string
  streaming: boolean
  onMessage(): void
  scriptFor(message: Message): A2aScript
  tasks: Tasks
  known: Map<string, KnownTask>
  delays: A2aStoreDelays
}

/** Starts one, which goes on with the tasks that are kept. */
export function startProcess({ url, streaming, onMessage, scriptFor, tasks, known, delays }: AgentProcessOptions): AgentProcess {
  const life = new AbortController()
  const store = tasks.open(delays, life.signal)
  const buses = createBuses({ fresh: !streaming })
  const onClosed = (task: KnownTask, position: number): void => void resume(task, position)
  const player = createPlayer({ onMessage, scriptFor, known, onClosed, alive: life.signal })

  /** The SDK works on a task for as long as the message that asked for it is; what goes on behind that is its agent's affair. */
  async function resume(task: KnownTask, from: number): Promise<void> {
    const { taskId, context } = task
    // Two writers of one task would write in any order.
    await tasks.saved(taskId, from, life.signal)
    // The SDK drops the bus of before once its agent has returned.
    await new Promise((resolve) => setImmediate(resolve))
    if (life.signal.aborted) return
    const bus = buses.createOrGetByTaskId(taskId, context)
    const queue = new ExecutionEventQueue(bus)
    const results = new ResultManager(store, context)
    const written = (async () => {
      for await (const event of queue.events()) await results.processEvent(event)
    })()
    const closedAt = await player.play(task, from, bus).catch((error: unknown) => {
      bus.publish(AgentEvent.statusUpdate(statusEvent(task, TaskState.TASK_STATE_FAILED, from, [`Agent execution error: ${String(error)}`])))
      return null
    })
    bus.finished()
    await written
    buses.cleanupByTaskId(taskId, context)
    if (closedAt !== null) await resume(task, closedAt)
  }

  for (const { task } of tasks.kept.values()) {
    const found = known.get(task.id)
    if (found && !isOver(task) && !isAsking(task, found)) void resume(found, positionOf(task))
  }

  return {
    handler: new DefaultRequestHandler(cardOf(url, streaming), store, player, buses),
    kill: () => life.abort(new RejoinError('interrupted')),
  }
}

/** Whether only a message can make a task go on. */
function isAsking(task: Task, { script }: KnownTask): boolean {
  const waits = task.status?.state === TaskState.TASK_STATE_INPUT_REQUIRED || task.status?.state === TaskState.TASK_STATE_AUTH_REQUIRED
  const step = script.steps[positionOf(task) - 1]
  return waits && step?.type === 'ask' && step.until === undefined
}
