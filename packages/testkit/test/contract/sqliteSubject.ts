import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore, type SqliteStore } from '@rejoin/proxy/sqlite'
import { type AgentContractSubject } from '@rejoin/testkit/contract'
import { generatorOn } from './generatorSubject.ts'

/** Each agent has a store of its own on the file, as agents in several processes have. */
export const sqliteSubject: AgentContractSubject = generatorOn('a generator agent on an SQLite log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-contract-'))
  const stores: SqliteStore[] = []
  return {
    open() {
      const store = sqliteStore({ file: join(folder, 'runs.sqlite') })
      stores.push(store)
      return store.log
    },
    async close() {
      for (const store of stores) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
})
