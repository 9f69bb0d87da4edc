import { delay, type RunStore } from '@rejoin/core'
import { type SeededRandom } from '@rejoin/testkit'
import { wrappedStore } from './wrappedStore.ts'

/** One database under several tabs: its transactions take their time and go one after the other, whoever asks. */
export interface SharedStore {
  /** The database as a tab sees it until `life` ends: what was under way by then counts as a whole or not at all. */
  tab(life: AbortSignal): RunStore
}

const longestTransactionMs = 20
const longestAnswerMs = 3

export function sharedStore(store: RunStore, random: SeededRandom): SharedStore {
  let freeAt = 0

  return {
    tab: (life) =>
      wrappedStore(store, async (transaction) => {
        freeAt = Math.max(freeAt, Date.now()) + random.int(0, longestTransactionMs)
        await delay(freeAt - Date.now())
        if (life.aborted && random.chance(0.5)) return await new Promise(() => {})
        const result = await transaction()
        await delay(random.int(0, longestAnswerMs))
        return life.aborted ? await new Promise(() => {}) : result
      }),
  }
}
