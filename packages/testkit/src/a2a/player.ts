import { TaskState, type Message } from '@a2a-js/sdk'
import { AgentEvent, type AgentExecutor, type ExecutionEventBus, type ServerCallContext } from '@a2a-js/sdk/server'
import { abortable, delay, linkedAbort, type LinkedAbort } from '@rejoin/core'
import { agentMessage, artifactEvent, newTask, positionOf, stateOf, statusEvent, type TaskName } from './events.ts'
import { type A2aPart, type A2aScript, type A2aStep, type A2aTaskScript } from './script.ts'

/** What an agent remembers of a task, whatever becomes of its process. */
export interface KnownTask extends TaskName {
  readonly script: A2aTaskScript
  readonly context: ServerCallContext
}

/** Plays scripts as an agent of the SDK, as long as its process lives. */
export interface Player extends AgentExecutor {
  /** Goes on behind the first `position` steps. Gives how far it came where the task's streams are to close; `null` at its end. */
  play(task: KnownTask, position: number, bus: ExecutionEventBus): Promise<number | null>
}

export interface PlayerOptions {
  /** The agent has been given a message. */
  onMessage(): void
  /** What becomes of a message that belongs to no task. */
  scriptFor(message: Message): A2aScript
  /** By their ids. */
  known: Map<string, KnownTask>
  /** The streams of a task have closed, and it goes on behind so many steps. */
  onClosed(task: KnownTask, position: number): void
  alive: AbortSignal
}

export function createPlayer({ onMessage, scriptFor, known, onClosed, alive }: PlayerOptions): Player {
  const running = new Map<string, LinkedAbort>()

  async function play(task: KnownTask, from: number, bus: ExecutionEventBus): Promise<number | null> {
    const { steps, outcome = { type: 'completed' } } = task.script
    const work = linkedAbort(alive)
    running.set(task.taskId, work)
    try {
      for (const [at, step] of steps.entries()) {
        if (at < from) continue
        if (step.type === 'artifact') bus.publish(AgentEvent.artifactUpdate(artifactEvent(task, step, at + 1)))
        if (step.type === 'status') working(task, at + 1, bus, [step.text])
        if (step.type === 'wait') await waited(step, work.signal)
        if (step.type === 'ask') {
          bus.publish(AgentEvent.statusUpdate(statusEvent(task, stateOf(step.state), at + 1, step.parts)))
          // The message that answers is executed by itself.
          if (step.until === undefined) return null
          await abortable(step.until(), work.signal)
          working(task, at + 1, bus)
        }
        if (step.type === 'close') {
          // Said, so that the store can tell when it has everything that came before.
          working(task, at + 1, bus)
          return at + 1
        }
      }
      if (outcome.type === 'hangs') return await abortable(new Promise<never>(() => {}), work.signal)
      if (outcome.type === 'failed' && outcome.error !== undefined) throw new Error(outcome.error)
      bus.publish(AgentEvent.statusUpdate(statusEvent(task, stateOf(outcome.type), steps.length, outcome.text === undefined ? undefined : [outcome.text])))
      return null
    } catch (error) {
      // Cancelled, or its process is dead: its last words have been said.
      if (!work.signal.aborted) throw error
      return null
    } finally {
      work.release()
      if (running.get(task.taskId) === work) running.delete(task.taskId)
    }
  }

  return {
    play,
    async execute({ taskId, contextId, userMessage, context, task: kept }, bus) {
      onMessage()
      const name = { taskId, contextId }
      const asking = known.get(taskId)
      if (kept && asking) {
        running.get(taskId)?.abort(new DOMException('The task was answered.', 'AbortError'))
        // The SDK must see how that ends before this begins.
        await new Promise((resolve) => setImmediate(resolve))
        bus.publish(AgentEvent.task(kept))
        working(asking, positionOf(kept), bus)
        const closedAt = await play(asking, positionOf(kept), bus)
        if (closedAt !== null) onClosed(asking, closedAt)
        return
      }
      const script = scriptFor(userMessage)
      if ('message' in script) {
        bus.publish(AgentEvent.message({ ...agentMessage(name, 'message', script.message), taskId: '' }))
        return
      }
      const task = { ...name, script, context }
      known.set(taskId, task)
      bus.publish(AgentEvent.task(newTask(name, userMessage)))
      const closedAt = await play(task, 0, bus)
      if (closedAt !== null) onClosed(task, closedAt)
    },
    async cancelTask(taskId, bus) {
      const task = known.get(taskId)
      running.get(taskId)?.abort(new DOMException('The task was cancelled.', 'AbortError'))
      if (task) bus.publish(AgentEvent.statusUpdate(statusEvent(task, TaskState.TASK_STATE_CANCELED, task.script.steps.length)))
    },
  }
}

function working(task: KnownTask, position: number, bus: ExecutionEventBus, parts?: readonly A2aPart[]): void {
  bus.publish(AgentEvent.statusUpdate(statusEvent(task, TaskState.TASK_STATE_WORKING, position, parts)))
}

async function waited({ until }: Extract<A2aStep, { type: 'wait' }>, signal: AbortSignal): Promise<void> {
  if (typeof until === 'number') await delay(until, signal)
  else await abortable(until(), signal)
}
