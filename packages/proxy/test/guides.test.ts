import { userMessage, type Agent, type ChatMessage } from '@rejoin/core'
import { type AgentProxy } from '@rejoin/proxy'
import { serve } from '@rejoin/testkit/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { guideFiles } from './guideFiles.ts'
import { testProxy } from './guideProxy.ts'
import { base, collect, serve as serveAgent, textIn } from './serve.ts'

/** A file of a guide, imported as it stands there. */
async function guide<T>(page: string, name: string, others?: Readonly<Record<string, string>>): Promise<T> {
  const files = guideFiles(page, others)
  onTestFinished(files.remove)
  return await import(files.path(name))
}

const page = 'https://app.example.com'
const asked = ['rejoin-version', 'rejoin-token', 'last-event-id', 'content-type', 'authorization']

describe.each(['hono.ts', 'cors.ts'])('CORS as docs/deployment.md has it in %s', (file) => {
  async function corsHandler(): Promise<(request: Request) => Response | Promise<Response>> {
    const proxy = `import { testProxy } from '${import.meta.dirname}/guideProxy.ts'\nexport const handler = testProxy()\n`
    const found = await guide<{
      app?: { fetch(request: Request): Response | Promise<Response> }
      withCors?(handler: AgentProxy, origins: string[]): AgentProxy
    }>('deployment.md', file, { 'handler.ts': proxy })
    if (found.app) return found.app.fetch
    return found.withCors?.(testProxy(), [page]) ?? testProxy()
  }

  test('answers a preflight of that page, which has no credentials, and lets all of our headers pass', async () => {
    const { url, close } = await serve(await corsHandler())
    onTestFinished(close)
    const { status, headers } = await fetch(`${url}/api/agent/runs`, {
      method: 'OPTIONS',
      headers: { origin: page, 'access-control-request-method': 'POST', 'access-control-request-headers': asked.join(',') },
    })
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(page)
    expect(headers.get('access-control-allow-credentials')).toBe('true')
    expect(words(headers.get('access-control-allow-methods'))).toEqual(['get', 'post'])
    expect(words(headers.get('access-control-allow-headers'))).toEqual([...asked].toSorted())
    expect(headers.get('access-control-max-age')).toBe('600')
  })

  test('lets that page read answers and refusals', async () => {
    const handler = await corsHandler()
    for (const [authorization, status] of [['Bearer ada', 200], ['', 401]] as const) {
      const { status: answered, headers } = await handler(new Request(`${base}/runs`, { headers: { origin: page, authorization } }))
      expect(answered).toBe(status)
      expect(headers.get('access-control-allow-origin')).toBe(page)
      expect(words(headers.get('access-control-expose-headers'))).toEqual(['retry-after'])
      expect(words(headers.get('vary'))).toContain('origin')
    }
  })

  test('lets no other page read anything', async () => {
    const handler = await corsHandler()
    for (const method of ['GET', 'OPTIONS']) {
      const headers = { origin: 'https://evil.example', authorization: 'Bearer ada', 'access-control-request-method': 'GET' }
      const answer = await handler(new Request(`${base}/runs`, { method, headers }))
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})

describe('saving as docs/history.md has it', () => {
  const run = { runId: 'saved-run', session: 'support', background: true }

  interface Database {
    messages(user: string | null, session: string): Promise<readonly ChatMessage[]>
    save(user: string | null, session: string, message: ChatMessage, replaces: string | null): Promise<void>
  }

  async function saving(): Promise<{ ada: Agent; database: Database }> {
    const files = guideFiles('history.md')
    onTestFinished(files.remove)
    const { agent }: { agent: Agent } = await import(files.path('agent.ts'))
    const { database }: { database: Database } = await import(files.path('database.ts'))
    const served = serveAgent(agent, {
      history: async ({ user, session }) => await database.messages(user, session),
      record: async ({ user, session, message, replaces }) => await database.save(user, session, message, replaces),
    })
    return { ada: served.as('ada'), database }
  }

  test('gives the agent what was said before, and keeps the answer', async () => {
    const { ada, database } = await saving()
    expect(textIn(await collect(ada.runStreaming([userMessage('One')], run)))).toBe('You have said 1 things.')
    expect(textIn(await collect(ada.runStreaming([userMessage('Two')], { ...run, runId: 'saved-run-2' })))).toBe('You have said 2 things.')
    const saved = async (): Promise<string[][]> => (await database.messages('ada', 'support')).map(({ id, role }) => [role, id])
    await expect.poll(saved).toEqual([
      ['user', expect.any(String)],
      ['assistant', 'saved-run'],
      ['user', expect.any(String)],
      ['assistant', 'saved-run-2'],
    ])
    expect(await database.messages('eve', 'support')).toEqual([])
  })

  test('keeps an answer that nobody was connected for', async () => {
    const { ada, database } = await saving()
    for await (const { type } of ada.runStreaming([userMessage('One')], run)) if (type === 'open') break
    await expect.poll(async () => (await database.messages('ada', 'support')).at(-1), { timeout: 10_000 }).toMatchObject({
      role: 'assistant',
      parts: [{ text: 'You have said 1 things.' }],
    })
  })
})

function words(value: string | null): string[] {
  return (value ?? '').toLowerCase().split(',').map((word) => word.trim()).toSorted()
}
