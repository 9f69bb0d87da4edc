import { header, problemContentType, userMessage } from '@rejoin/core'
import { createAgentProxy, memoryRunRegistry, type Authorize } from '@rejoin/proxy'
import { describe, expect, test, vi } from 'vitest'
import { open, puppetAgent } from './puppetAgent.ts'
import { base, post, refusal, runId, secret, serve, sse, startBody } from './serve.ts'

const message = userMessage('Hello?')

const file = { type: 'file', id: 'f1', url: 'https://files.example/plan.pdf', mediaType: 'application/pdf' }
const words = { type: 'answer', kind: 'input', request: 'q1', text: 'The North.' }
const decision = { type: 'answer', kind: 'approval', request: 'q2', approved: false }

/** The body of a start whose message has these parts. */
function bodyWith(...parts: object[]): string {
  return JSON.stringify({ ...JSON.parse(startBody()), message: { ...message, parts } })
}

describe('the parts of a message', () => {
  test.each<[string, object[]]>([
    ['a file', [file]],
    ['a named file at a path of the page', [{ ...file, url: '/uploads/1', filename: 'Plan.pdf' }]],
    ['words for what was asked', [words]],
    ['decisions', [decision, { ...decision, kind: 'auth', approved: true, id: 'a1', text: 'Done.' }]],
    ['text, a file and an answer', [{ type: 'text', text: 'See there.' }, file, words]],
    ['64 parts', Array.from({ length: 64 }, () => ({ type: 'text', text: 'x' }))],
    ['the longest id, address, filename and request id', [
      { ...file, id: 'i'.repeat(200), url: `/${'u'.repeat(2_047)}`, filename: 'n'.repeat(255) },
      { ...words, request: 'r'.repeat(2_048) },
    ]],
  ])('reach the agent as they are: %s', async (_, parts) => {
    const agent = puppetAgent()
    void serve(agent).fetch('/runs', post(bodyWith(...parts), sse))
    expect((await agent.leg()).messages).toEqual([{ ...message, parts, id: expect.any(String) }])
  })

  test.each<[string, object]>([
    ['a file in a data: URL', { ...file, url: 'data:text/plain,Hello' }],
    ['a file in a blob: URL', { ...file, url: 'blob:http://localhost/1' }],
    ['a file of another scheme', { ...file, url: 'file:///etc/passwd' }],
    ['a file of another scheme in its own way', { ...file, url: ' javascript:alert(1)' }],
    ['a file on a host in a path', { ...file, url: '//files.example/1' }],
    ['a file on a host in a path, with a backslash', { ...file, url: '/\\files.example/1' }],
    ['a file at a path of no root', { ...file, url: 'uploads/1' }],
    ['a file without an address', { ...file, url: '' }],
    ['a file without an id', { ...file, id: undefined }],
    ['a file of a type that is none', { ...file, mediaType: 'pdf' }],
    ['a file of a type with a line break', { ...file, mediaType: 'text/plain\r\nx: y' }],
    ['a file with its bytes', { ...file, data: 'AAAA' }],
    ['a filename of 256 characters', { ...file, filename: 'n'.repeat(256) }],
    ['a filename of none', { ...file, filename: '' }],
    ['an address of 2,049 characters', { ...file, url: `/${'u'.repeat(2_048)}` }],
    ['an id of 201 characters', { ...file, id: 'i'.repeat(201) }],
    ['a request id of 2,049 characters', { ...words, request: 'r'.repeat(2_049) }],
    ['an answer to nothing', { ...words, request: '' }],
    ['an answer of another kind', { ...words, kind: 'payment' }],
    ['words that are a decision', { ...words, approved: true }],
    ['words that are none', { ...words, text: undefined }],
    ['a decision that is none', { ...decision, approved: 'yes' }],
    ['a decision with words that are none', { ...decision, text: 1 }],
    ['an answer with a field that it does not have', { ...words, state: 'answered' }],
    ['a question, which agents ask', { type: 'request', kind: 'input', id: 'q1', prompt: 'Which?' }],
    ['an answer of a tool', { type: 'tool', id: 't1', name: 'pay', state: 'output-available', output: 1 }],
    ['a text with a name, which agents give', { type: 'text', id: 't1', text: 'x' }],
  ])('are refused with %s (row 88)', async (_, part) => {
    const agent = puppetAgent()
    const body = bodyWith({ type: 'text', text: 'Hello?' }, part)
    expect(await refusal(serve(agent).fetch('/runs', post(body, sse)))).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(agent.legs).toEqual([])
  })

  test('are 64 at most', async () => {
    const parts = Array.from({ length: 65 }, () => ({ type: 'text', text: 'x' }))
    expect(await refusal(serve(puppetAgent()).fetch('/runs', post(bodyWith(...parts))))).toMatchObject({ code: 'invalid_request' })
  })

  test('say something together: blank words for what was asked say nothing', async () => {
    const blank = bodyWith({ ...words, text: ' ' }, { type: 'text', text: '' })
    expect(await refusal(serve(puppetAgent()).fetch('/runs', post(blank)))).toMatchObject({ status: 400, code: 'empty_message' })
  })
})

describe('the body of a start', () => {
  const invalid: [string, object][] = [
    ['a role that is not the person', { message: { ...message, role: 'assistant' } }],
    ['a system role', { message: { ...message, role: 'system' } }],
    ['history beside the message', { messages: [message], history: [message] }],
    ['fields of a message that it does not have', { message: { ...message, metadata: {} } }],
    ['no message', { message: undefined }],
    ['messages in place of one', { message: [message] }],
    ['a part that is no text', { message: { ...message, parts: [{ type: 'image', url: 'http://169.254.169.254' }] } }],
    ['a text that is none', { message: { ...message, parts: [{ type: 'text', text: 1 }] } }],
    ['parts that are none', { message: { ...message, parts: 'Hello' } }],
    ['a short id', { id: 'short' }],
    ['an id with a path in it', { id: '../../runs/aaaaaaaa' }],
    ['an id of 65 characters', { id: 'a'.repeat(65) }],
    ['no session', { session: '' }],
    ['a session of 201 characters', { session: 'a'.repeat(201) }],
    ['a session with half a character', { session: 'a\ud83d' }],
    ['a session that is no text', { session: { $ne: null } }],
    ['background that is neither', { background: 'yes' }],
    ['a conversation that is no text', { conversation: { id: 1 } }],
    ['a conversation of none', { conversation: '' }],
    ['a conversation of 8,193 characters', { conversation: 'c'.repeat(8_193) }],
    ['a replaced run that is none', { replaces: '../runs' }],
    ['no replaced run, said', { replaces: null }],
    ['an answered run that is none', { answers: 'a' }],
    ['no answered run, said', { answers: null }],
  ]
  test.each(invalid)('is refused with %s (row 88)', async (_, fields) => {
    const agent = puppetAgent()
    const body = JSON.stringify({ ...JSON.parse(startBody()), ...fields })
    expect(await refusal(serve(agent).fetch('/runs', post(body, sse)))).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(agent.legs).toEqual([])
  })

  test.each(['{', 'null', '[]', '"text"', ''])('is refused where it is no JSON object: %s', async (body) => {
    expect(await refusal(serve(puppetAgent()).fetch('/runs', post(body)))).toMatchObject({ status: 400, code: 'invalid_request' })
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'is refused in another content type, which a form of another site could send: %s',
    async (type) => {
      const answer = serve(puppetAgent()).fetch('/runs', post(startBody(), { 'content-type': type }))
      expect(await refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
    },
  )

  test('is refused without a word in it', async () => {
    for (const parts of [[], [{ type: 'text', text: ' \n' }]]) {
      const body = JSON.stringify({ ...JSON.parse(startBody()), message: { ...message, parts } })
      expect(await refusal(serve(puppetAgent()).fetch('/runs', post(body)))).toMatchObject({ status: 400, code: 'empty_message' })
    }
  })

  test('is refused together with a token (row 13)', async () => {
    const answer = serve(puppetAgent()).fetch('/runs', post(startBody(), { [header.token]: 'anything' }))
    expect(await refusal(answer)).toMatchObject({ status: 400, code: 'messages_with_token' })
  })

  test('has a limit, counted on what really comes (row 86)', async () => {
    const served = serve(puppetAgent(), { maxBodyBytes: 1_000, firstBatchMs: 1 })
    const bodyOf = (bytes: number): string => {
      const empty = startBody({ message: userMessage('') })
      return startBody({ message: userMessage('x'.repeat(bytes - empty.length)) })
    }
    expect(bodyOf(1_000)).toHaveLength(1_000)
    expect((await served.fetch('/runs', post(bodyOf(1_000), sse))).status).toBe(200)
    expect(await refusal(served.fetch('/runs', post(bodyOf(1_001), sse)))).toMatchObject({ status: 413, code: 'too_large' })

    const chunk = new TextEncoder().encode('x'.repeat(400))
    let sent = 0
    const stopped = vi.fn<() => void>()
    const body = new ReadableStream({
      pull(controller) {
        sent += 1
        controller.enqueue(chunk)
      },
      cancel: stopped,
    })
    const init = { ...post(''), body, duplex: 'half', headers: { 'content-type': 'application/json', 'content-length': '10' } }
    expect(await refusal(served.fetch('/runs', init))).toMatchObject({ status: 413 })
    expect(sent).toBeLessThan(6)
    expect(stopped).toHaveBeenCalledOnce()
  })

  test('has a limit of 64 KiB unless another is given', async () => {
    const served = serve(puppetAgent(), { firstBatchMs: 1 })
    const ok = served.fetch('/runs', post(startBody({ message: userMessage('x'.repeat(65_000)) }), sse))
    expect((await ok).status).toBe(200)
    const large = served.fetch('/runs', post(startBody({ message: userMessage('x'.repeat(65_536)) })))
    expect(await refusal(large)).toMatchObject({ status: 413 })
  })
})

describe('a resume', () => {
  test.each(['7', '0000.000000000', '0000.0000000001; drop', 'ffff.0000000000'])(
    'is refused with a position that is none: %s',
    async (position) => {
      const agent = puppetAgent()
      const served = serve(agent)
      const started = served.fetch('/runs', post(startBody(), sse))
      ;(await agent.leg()).send('handle', open())
      await started
      const answer = served.fetch(`/runs/${runId}`, { headers: { [header.lastEventId]: position } })
      expect(await refusal(answer)).toMatchObject({ status: 400, code: 'invalid_request' })
    },
  )
})

describe('authorize', () => {
  const answers: [string, Authorize][] = [
    ['an empty user', () => ({ user: '' })],
    ['no user', () => ({ user: null })],
    ['an undefined user', async () => ({ user: undefined })],
    ['a throw', () => Promise.reject(new Error('the session store is down'))],
  ]
  test.each(answers)('answering with %s lets nobody in', async (_, authorize) => {
    const agent = puppetAgent()
    const served = serve(agent, { authorize })
    const paths: [string, RequestInit][] = [
      ['/runs', post(startBody(), sse)],
      ['/runs', {}],
      [`/runs/${runId}`, {}],
      [`/runs/${runId}/cancel`, post('{"session":"support"}')],
    ]
    for (const [path, init] of paths) {
      const { status, code, body } = await refusal(served.fetch(path, init))
      expect({ status, code }).toEqual({ status: 401, code: 'unauthorized' })
      expect(body).not.toContain('session store')
    }
    expect(agent.legs).toEqual([])
  })

  test('that throws is reported on the server', async () => {
    const served = serve(puppetAgent(), { authorize: () => Promise.reject(new Error('the session store is down')) })
    await served.fetch('/runs')
    expect(served.errors).toMatchObject([{ where: 'authorize', error: { message: 'the session store is down' } }])
  })

  test('is asked before the body is read', async () => {
    const served = serve(puppetAgent(), { authorize: () => ({ user: '' }), maxBodyBytes: 1 })
    expect(await refusal(served.fetch('/runs', post('x'.repeat(100))))).toMatchObject({ status: 401 })
  })

  test('is required', () => {
    const options = { agent: puppetAgent(), secret }
    // @ts-expect-error what a page without types could do
    expect(() => createAgentProxy(options)).toThrow(/authorize/)
  })
})

describe('a path', () => {
  const statusAt = async (url: string, basePath?: string, init: RequestInit = {}): Promise<number> => {
    const handler = createAgentProxy({ agent: puppetAgent(), secret, authorize: () => null, basePath })
    return (await handler(new Request(url, init))).status
  }

  test('is matched by its end, wherever the proxy is mounted', async () => {
    for (const at of ['http://x/runs', `${base}/runs`, 'http://x/runs/', 'http://x/runs/runs', 'http://x/a/b/c/runs?x=1']) {
      expect(await statusAt(at)).toBe(200)
    }
    for (const at of ['http://x/', 'http://x/run', 'http://x/runs/short', `http://x/runs/${runId}/other`, `http://x/${runId}`, 'http://x/cancel']) {
      expect(await statusAt(at)).toBe(404)
    }
  })

  test('with a basePath has to begin with it', async () => {
    for (const basePath of ['/api/agent', 'api/agent/']) {
      expect(await statusAt('http://x/api/agent/runs', basePath)).toBe(200)
      expect(await statusAt('http://x/other/api/agent/runs', basePath)).toBe(404)
      expect(await statusAt('http://x/api/agents/runs', basePath)).toBe(404)
      expect(await statusAt('http://x/runs', basePath)).toBe(404)
    }
    expect(await statusAt('http://x/runs', '/')).toBe(200)
  })

  test('that has other methods names them', async () => {
    const served = serve(puppetAgent())
    const paths: [string, string, string][] = [
      ['/runs', 'DELETE', 'GET, POST'],
      [`/runs/${runId}`, 'POST', 'GET'],
      [`/runs/${runId}/cancel`, 'GET', 'POST'],
      ['/runs', 'OPTIONS', 'GET, POST'],
    ]
    for (const [path, method, allow] of paths) {
      const response = await served.fetch(path, { method })
      expect({ status: response.status, allow: response.headers.get('allow') }).toEqual({ status: 405, allow })
      expect(response.headers.get('content-type')).toBe(problemContentType)
    }
  })
})

describe('what goes wrong on the server', () => {
  test('is in no answer and, without a hook, in no log line', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const agent = puppetAgent()
    agent.onRun = async () => Promise.reject(new Error('upstream said: sk-live-1234'))
    const served = serve(agent, { onError: undefined })
    const { body } = await refusal(served.fetch('/runs', post(startBody())))
    expect(body).not.toContain('sk-live')
    expect(logged).toHaveBeenCalledOnce()
    expect(String(logged.mock.calls[0])).toMatch(/thrown in start.*onError/)
    expect(String(logged.mock.calls[0])).not.toContain('sk-live')
    logged.mockRestore()
  })

  test('is a problem even when the hook throws too', async () => {
    const agent = puppetAgent()
    agent.onRun = async () => Promise.reject(new Error('first'))
    const served = serve(agent, {
      onError() {
        throw new Error('second')
      },
    })
    expect(await refusal(served.fetch('/runs', post(startBody())))).toMatchObject({ status: 500, code: 'start_unknown' })
  })

  test('in the registry is internal', async () => {
    const served = serve(puppetAgent(), {
      registry: {
        ...memoryRunRegistry(),
        list: async () => Promise.reject(new Error('redis://:password@host')),
      },
    })
    const { status, code, body } = await refusal(served.fetch('/runs'))
    expect({ status, code }).toEqual({ status: 500, code: 'internal' })
    expect(body).not.toContain('password')
    expect(served.errors).toMatchObject([{ where: 'proxy' }])
  })
})
