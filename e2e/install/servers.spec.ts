import { proxyAgent, userMessage, type AgentResponseUpdate } from '@rejoin/core'
import { expect, test } from './fixtures.ts'

test.use({ follows: { name: 'getting-started-servers.md' } })

const whole = Array.from({ length: 20 }, (_, at) => `Line ${at + 1} of twenty\n`).join('')

for (const file of ['hono.ts', 'express.ts', 'node.ts']) {
  test(`${file} streams an answer, lets a client leave, and goes on where it was`, async ({ app }) => {
    const program = await app.start(`node --env-file=.env ${file}`)
    try {
      const agent = proxyAgent({ url: `http://127.0.0.1:${app.port}/api/agent` })
      const run = { session: 'servers', runId: crypto.randomUUID(), background: true }
      const first = await read(agent.runStreaming([userMessage('Twenty lines, please.')], run), 5)
      expect(whole.startsWith(first.text)).toBe(true)
      expect(first.text.length).toBeLessThan(whole.length)
      const rest = await read(agent.runStreaming([], { ...run, continuationToken: first.continuationToken }))
      expect(first.text + rest.text).toBe(whole)
    } finally {
      await program.stop()
    }
  })
}

/** Leaves after so many pieces of text. */
async function read(updates: AsyncIterable<AgentResponseUpdate>, pieces = Infinity): Promise<{ text: string; continuationToken: string | null }> {
  let text = ''
  let continuationToken: string | null = null
  for await (const update of updates) {
    ;({ continuationToken } = update)
    if (update.type === 'text') {
      text += update.delta
      pieces -= 1
    }
    if (pieces === 0) break
  }
  return { text, continuationToken }
}
