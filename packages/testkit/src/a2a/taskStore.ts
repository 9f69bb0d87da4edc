import { type Task } from '@a2a-js/sdk'
import { InMemoryTaskStore, type ServerCallContext, type TaskStore } from '@a2a-js/sdk/server'
import { delay } from '@rejoin/core'
import { positionOf } from './events.ts'

/** How slow a task store is, in milliseconds. */
export interface A2aStoreDelays {
  /** Half of it passes before the task is read, half of it on its way back. @default 0 */
  readonly loadMs?: number
  /** All of it passes before the task is written. @default 0 */
  readonly saveMs?: number
}

/** Tasks that outlive the process of their agent. */
export interface Tasks {
  readonly kept: Map<string, Kept>
  /** As one process has it. Once that is dead it writes no more. */
  open(delays: A2aStoreDelays, alive: AbortSignal): TaskStore
  /** Resolves once the task has been saved at this position of its script. */
  saved(taskId: string, position: number, alive: AbortSignal): Promise<void>
}

interface Kept {
  readonly task: Task
  readonly context: ServerCallContext
}

export function createTasks(): Tasks {
  const kept = new Map<string, Kept>()
  const waits = new Set<() => void>()

  return {
    kept,
    open({ loadMs = 0, saveMs = 0 }, alive) {
      return {
        async load(taskId) {
          if (loadMs > 0) await delay(loadMs / 2)
          const found = kept.get(taskId)
          const task = found && copyOf(found.task)
          if (loadMs > 0) await delay(loadMs / 2)
          return task
        },
        async save(task, context) {
          const saved = copyOf(task)
          if (saveMs > 0) await delay(saveMs)
          if (alive.aborted) return
          kept.set(saved.id, { task: saved, context })
          for (const wake of waits) wake()
        },
        async list(params, context) {
          const listed = new InMemoryTaskStore(() => '')
          for (const { task } of kept.values()) await listed.save(task, context)
          return await listed.list(params, context)
        },
      }
    },
    async saved(taskId, position, alive) {
      const behind = (): boolean => {
        const found = kept.get(taskId)
        return found === undefined || positionOf(found.task) < position
      }
      while (behind() && !alive.aborted) {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waits.delete(wake)
            alive.removeEventListener('abort', wake)
            resolve()
          }
          waits.add(wake)
          alive.addEventListener('abort', wake)
        })
      }
    },
  }
}

/**
 * The SDK changes what it has loaded: the task, its artifacts, and their lists, which it replaces. Parts and messages
 * stay as they are, so that a long task need not be cloned whole with each of its chunks.
 */
function copyOf(task: Task): Task {
  return { ...task, artifacts: task.artifacts.map((artifact) => ({ ...artifact })), history: [...task.history] }
}
