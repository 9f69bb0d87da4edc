// What an app writes on a server that is Node.
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { sqliteStore } from '@rejoin/proxy/sqlite'

const { log, registry } = sqliteStore({ file: 'data/runs.sqlite' })

export const handler = createAgentProxy({
  agent: backgroundAgent(
    async function* () {
      yield 'Because it is there.'
    },
    { log, afterRestart: 'repeats' },
  ),
  registry,
  secret: process.env.REJOIN_SECRET,
  authorize: () => null,
})
