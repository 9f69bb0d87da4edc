import type { ProgressStep } from '@rejoin/core'
import type { GeneratorItem } from '@rejoin/proxy'
import type { Pause } from './wait.ts'

/** How long a step takes, in milliseconds at pace 1. */
export const stepMs = 900

export function step(id: string, label: string, state: ProgressStep['state'], value?: number, total?: number): GeneratorItem {
  return {
    type: 'progress',
    step: { id, label, state, ...(value !== undefined && total !== undefined && { value, total }) },
  }
}

/** A step that takes its time. */
export async function* during(id: string, label: string, pause: Pause): AsyncGenerator<GeneratorItem> {
  yield step(id, label, 'active')
  await pause(stepMs)
  yield step(id, label, 'done')
}
