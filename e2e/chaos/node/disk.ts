import { delay, memoryRunStore, type RunStore } from '@rejoin/core'
import { type SeededRandom } from '@rejoin/testkit'
import { type Device, type Page } from './device.ts'

/** What a page finds when it stores something. `full`: it can read. */
export type DiskState = 'well' | 'full' | 'denied'

/** Whose store it is. */
export interface DiskUser {
  readonly page: Page
  disk(): DiskState
  /** `closed`: what it had begun counts. `killed`: as a whole or not at all. */
  life(): 'open' | 'closed' | 'killed'
}

/** One database under several pages: its transactions take their time and go one after the other, whoever asks. */
export interface Disk {
  store(user: DiskUser): RunStore
  /** The database is deleted under those who use it. */
  wipe(): Promise<void>
}

const reads: readonly string[] = ['load', 'list', 'countPurges'] satisfies (keyof RunStore)[]

const longestAnswerMs = 3

export function createDisk(device: Device, random: SeededRandom): Disk {
  const records = memoryRunStore()
  const longestTransactionMs = random.pick([0, 3, 20, 80])
  let freeAt = 0

  async function transaction(user: DiskUser, name: string, work: () => Promise<unknown>): Promise<unknown> {
    // A page that is gone begins nothing.
    if (user.life() !== 'open') return await never()
    freeAt = Math.max(freeAt, device.now()) + random.int(0, longestTransactionMs)
    await delay(freeAt - device.now())
    if (user.life() === 'killed' && random.chance(0.5)) return await never()
    const disk = user.disk()
    if (disk === 'denied') throw new DOMException('The operation is insecure.', 'SecurityError')
    if (disk === 'full' && !reads.includes(name)) throw new DOMException('There is no more room.', 'QuotaExceededError')
    const result = await work()
    await delay(random.int(0, longestAnswerMs))
    if (user.life() !== 'open') return await never()
    return result
  }

  return {
    store: (user) =>
      new Proxy(records, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name)
          if (typeof method !== 'function') return method
          return async (...args: unknown[]): Promise<unknown> => {
            try {
              return await device.outside(() => transaction(user, String(name), async () => await Reflect.apply(method, target, args)))
            } finally {
              await user.page.awake()
            }
          }
        },
      }),
    wipe: async () => {
      for (const { start } of await records.list()) await records.remove(start)
    },
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}
