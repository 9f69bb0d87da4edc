import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idbRunStore, memoryRunStore } from '@rejoin/core'
import type { RunStore } from '@rejoin/core'
import { anyCommands, anyCommandsAndDamages, look, tabCount, type RealStore } from './runStoreCommands.ts'
import { runStoreModel } from './runStoreModel.ts'
import { patience, tries } from './tries.ts'

let users = 0

function inMemory(): RealStore {
  const store = memoryRunStore()
  return { tabs: Array.from({ length: tabCount }, () => store), reload() {}, user: '' }
}

/** Each tab has a store of its own on the same database. */
function inIndexedDB(): RealStore {
  const user = `model-${(users += 1)}`
  const make = (): RunStore => idbRunStore(user)
  const tabs = Array.from({ length: tabCount }, make)
  return {
    tabs,
    reload(tab) {
      tabs[tab] = make()
    },
    user,
  }
}

/** Where a store and the model part; `undefined` where they never do. */
async function difference(make: () => RealStore, commands: typeof anyCommands, numRuns: number): Promise<string | undefined> {
  const details = await fc.check(
    fc.asyncProperty(commands, async (given) => {
      const real = make()
      const model = runStoreModel(tabCount)
      await fc.asyncModelRun(() => ({ model, real }), given)
      for (const store of real.tabs) await look(model, store)
      await Promise.all(real.tabs.map((store) => store.purge()))
    }),
    tries(numRuns),
  )
  const report = await fc.asyncDefaultReportMessage(details)
  return report && `${report}\n${String(details.errorInstance)}`
}

describe('a run store, in whatever order several tabs use it', () => {
  it('in memory does what the model does (row 10)', { timeout: patience }, async () => {
    expect(await difference(inMemory, anyCommands, 300)).toBeUndefined()
  })

  it('in IndexedDB does what the model does (row 10)', { timeout: patience }, async () => {
    expect(await difference(inIndexedDB, anyCommands, 250)).toBeUndefined()
  })

  it('in IndexedDB says no wrong word of a run whose records are damaged or of another version, and leaves all others as they are (row 70)', { timeout: patience }, async () => {
    expect(await difference(inIndexedDB, anyCommandsAndDamages, 300)).toBeUndefined()
  })
})
