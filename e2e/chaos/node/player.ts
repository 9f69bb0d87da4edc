// A thread that plays the plans it is told to, one after the other.
import { parentPort } from 'node:worker_threads'
import { planOf } from '../plan.ts'
import { play, type Result } from '../play.ts'
import { createDevice } from './device.ts'
import { createWorld } from './world.ts'

const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

parentPort?.on('message', (seed: number) => void playSeed(seed).then((result) => parentPort?.postMessage(result)))

async function playSeed(seed: number): Promise<Result> {
  // Anew for each: a plan is to be the same alone.
  const device = createDevice()
  try {
    return await play(planOf(seed, 'node'), createWorld(planOf(seed, 'node'), device, rejections))
  } catch (error) {
    // Whoever waits for the thread would wait for ever.
    return { wrong: `seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, hung: false }
  } finally {
    device.restore()
  }
}
