import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Agent } from '@rejoin/core'
import { backgroundAgent } from '@rejoin/proxy'
import { sqliteStore, type SqliteStore } from '@rejoin/proxy/sqlite'
import { type AgentContractSubject } from '@rejoin/testkit/contract'
import { canBehindProxy, served } from './behindProxy.ts'
import { generatorOn, type SharedLog } from './generatorSubject.ts'

export const sqliteSubject: AgentContractSubject = generatorOn('a generator agent on an SQLite log', () => sharedFile((agent) => agent))

const proxied = generatorOn('a generator agent behind a proxy, both on an SQLite store', () =>
  sharedFile((agent, { registry }) => served(agent, registry)),
)
export const proxiedSqliteSubject: AgentContractSubject = { ...proxied, can: canBehindProxy(proxied.can) }

/** Each agent has a store of its own on the file, as agents in several processes have. */
function sharedFile(front: (agent: Agent, store: SqliteStore) => Agent): SharedLog {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-contract-'))
  const stores: SqliteStore[] = []
  return {
    create(generator, options) {
      const store = sqliteStore({ file: join(folder, 'runs.sqlite') })
      stores.push(store)
      return front(backgroundAgent(generator, { ...options, log: store.log }), store)
    },
    async close() {
      for (const store of stores) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
