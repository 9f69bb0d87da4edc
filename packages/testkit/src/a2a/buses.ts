import { setMaxListeners } from 'node:events'
import { DefaultExecutionEventBusManager, type ExecutionEventBusManager } from '@a2a-js/sdk/server'

/** The SDK's own, with two differences: a task may have any number of readers, and a message may begin with a bus of its own. */
export function createBuses({ fresh }: { fresh: boolean }): ExecutionEventBusManager {
  const buses = new DefaultExecutionEventBusManager()
  return {
    createOrGetByTaskId(taskId, context) {
      // Without streams the SDK goes on writing for the message of before, so that all would be kept twice.
      if (fresh) buses.getByTaskId(taskId, context)?.finished()
      if (fresh) buses.cleanupByTaskId(taskId, context)
      const bus = buses.createOrGetByTaskId(taskId, context)
      if (bus instanceof EventTarget) setMaxListeners(0, bus)
      return bus
    },
    getByTaskId: (taskId, context) => buses.getByTaskId(taskId, context),
    cleanupByTaskId: (taskId, context) => buses.cleanupByTaskId(taskId, context),
  }
}
