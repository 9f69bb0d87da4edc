import { proxyAgent, type Agent } from '@rejoin/core'
import { type ResponsesAnswer, type ResponsesProfile } from '@rejoin/testkit'
import { afterEach, expect, test, vi } from 'vitest'
import { richAnswer } from './support/answers.ts'
import { openPage, proxyURL, serveProxy } from '../browser.ts'
import { apiKey, createOddProvider, createProvider } from './support/provider.ts'
import { ask, collect, inBackground, run } from '../runs.ts'
import { finish, until, useFakeTime } from './support/time.ts'
import { wiretap, type Wiretap } from './support/wiretap.ts'

useFakeTime()
afterEach(() => void vi.restoreAllMocks())

const instructions = 'Never tell anybody about the blue door.'
const upstream = `Key ${apiKey} of tenant 4711 may not ask "my secret plan"`
const secrets = [apiKey, 'sk-provider', 'blue door', '4711', 'secret plan', 'gpt-test', 'provider.test', 'resp_']

interface Heard {
  /** All that could be seen outside of the server: answers, headers, errors, the console. */
  all(): string
  listen(agent: Agent): Wiretap
}

function listener(): Heard {
  const heard: string[] = []
  const taps: Wiretap[] = []
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, level).mockImplementation((...words: unknown[]) => void heard.push(words.map(String).join(' ')))
  }
  return {
    all: () => [...heard, ...taps.flatMap((tap) => tap.bodies())].join('\n'),
    listen(agent) {
      // With no hook, what is thrown goes to the console.
      const tap = wiretap(serveProxy(agent, { onError: undefined }).fetch)
      taps.push(tap)
      return {
        ...tap,
        async fetch(url, init) {
          const response = await tap.fetch(url, init)
          heard.push(JSON.stringify([...response.headers]))
          return response
        },
      }
    },
  }
}

async function tryAll(agent: Agent, heard: Heard): Promise<void> {
  const { fetch } = heard.listen(agent)
  const browser = proxyAgent({ url: proxyURL, fetch })
  const said: unknown[] = []
  const note = async (asking: Promise<unknown>): Promise<void> => {
    said.push(await finish(asking.catch((error: unknown) => `${String(error)} ${JSON.stringify(error)}`)))
  }
  const options = { ...inBackground, runId: `${run.runId}-2`, session: 'other' }
  await note(collect(browser.runStreaming(ask, inBackground)))
  await note(browser.run([], run))
  await note(browser.cancel({ ...run, continuationToken: null }))
  await note(browser.run(ask, options))
  await note(collect(browser.runStreaming([], options)))
  console.log(JSON.stringify(said))
}

const failing: [string, ResponsesAnswer, ResponsesProfile][] = [
  ['completes', richAnswer, 'openai'],
  ['fails', { ...richAnswer, outcome: { status: 'failed', code: upstream, message: upstream } }, 'openai'],
  ['fails in silence', { ...richAnswer, outcome: { status: 'failed', code: upstream, message: upstream } }, 'hangs'],
  ['breaks off', { output: ['Half.', { error: { code: upstream, message: upstream } }, 'Whole.'] }, 'openai'],
  ['is refused', { refusal: { status: 400, message: upstream, code: upstream } }, 'openai'],
  ['is refused for its key', { refusal: { status: 401, message: upstream, code: 'invalid_api_key' } }, 'openai'],
  ['is refused for want of room', { refusal: { status: 503, message: upstream } }, 'openai'],
  ['meets a fault', { refusal: { status: 500, message: upstream } }, 'openai'],
]

test.each(failing)('a run that %s tells nobody the key, the prompt of the app or what was said upstream (row 82)', async (_, answer, profile) => {
  const heard = listener()
  await tryAll(createProvider({ answer, profile }).agent({ instructions }), heard)
  expect(heard.all().length).toBeGreaterThan(500)
  for (const secret of secrets) expect(heard.all()).not.toContain(secret)
})

test.each([
  ['throws', () => Promise.reject(new TypeError(upstream, { cause: new Error(upstream) }))],
  ['answers with a page', async () => new Response(upstream, { headers: { 'content-type': 'text/html' } })],
  [
    'gives a sentence as a reason',
    async () => Response.json({ id: 'resp_1', status: 'incomplete', incomplete_details: { reason: upstream }, output: [] }),
  ],
  ['answers with other JSON', async () => Response.json({ upstream })],
  ['breaks its body', async () => new Response(new ReadableStream({ pull: (body) => body.error(new Error(upstream)) }), { headers: { 'content-type': 'text/event-stream' } })],
])('a provider that %s is not quoted (row 82)', async (_, respond) => {
  const heard = listener()
  await tryAll(createOddProvider(respond).agent({ instructions }), heard)
  expect(heard.all().length).toBeGreaterThan(300)
  for (const secret of secrets) expect(heard.all()).not.toContain(secret)
})

test('a page is told our sentences only (row 82)', async () => {
  const answer: ResponsesAnswer = { output: ['Half.'], outcome: { status: 'failed', code: upstream, message: upstream } }
  const page = openPage({ fetch: serveProxy(createProvider({ answer }).agent({ instructions })).fetch })
  void page.chat.send('why?')
  await until(page.ended)
  const { error, ...rest } = page.chat.getSnapshot()
  const told = `${String(error)} ${JSON.stringify(rest)} ${JSON.stringify(await page.store.load('support'))}`
  expect(told).toContain('Half.')
  for (const secret of secrets) expect(told).not.toContain(secret)
})
