import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type Result } from '../play.ts'
import { type Stage } from '../stage.ts'

/** Fake clocks are global, so each thread plays one plan at a time. */
export async function openNodeStage(width: number = availableParallelism()): Promise<Stage> {
  const threads = Array.from({ length: width }, () => new Worker(new URL('player.ts', import.meta.url)))
  const idle = [...threads]
  await Promise.all(threads.map((thread) => once(thread, 'online')))

  return {
    width,
    async play(seed) {
      const thread = idle.pop()
      if (thread === undefined) throw new Error(`${width} plans are played already.`)
      try {
        thread.postMessage(seed)
        const [result]: Result[] = await once(thread, 'message')
        if (result === undefined) throw new Error('A thread has nothing to say.')
        return result
      } finally {
        idle.push(thread)
      }
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.terminate()))
    },
  }
}
