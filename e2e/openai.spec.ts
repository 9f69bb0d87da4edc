import { responsesEmulator, type ResponsesEmulator, type ResponsesScript } from '@rejoin/testkit'
import { createWire } from '@rejoin/testkit/playwright'
import { serve } from '@rejoin/testkit/server'
import { test as base } from '@playwright/test'
import { openChat } from './chatPage.ts'
import { startExample, type ExampleServer } from './exampleServer.ts'
import { expect } from './fixtures.ts'

const key = 'sk-a-key-that-nobody-sees'
const question = 'How will power be stored?'

const text =
  'Batteries take the day, pumped water the week, and hydrogen the season. ' +
  'Prices of batteries have fallen by nine tenths in fifteen years, so that most of what is built now is a battery. ' +
  'Water needs mountains, of which there are few left without a dam, and hydrogen loses two thirds on the way there and back. '

const words: readonly string[] = text.match(/(?:\S+\s*){1,3}/g) ?? []

const researched: ResponsesScript = {
  queuedMs: 300,
  output: [
    { type: 'reasoning', summary: [['The question is about ', 'scale ', 'and about time.']] },
    { wait: 300 },
    { type: 'webSearch', query: 'storage of power' },
    { wait: 300 },
    { type: 'message', text: words, citations: [{ url: 'https://example.com/storage', title: 'Storage of power' }] },
  ],
}

const failing = {
  output: [{ type: 'message', text: ['The first half ', 'of it'] }],
  outcome: { status: 'failed', code: 'server_error', message: 'Words of the upstream.' },
} as const satisfies ResponsesScript

interface Fixtures {
  emulator: ResponsesEmulator
  server: ExampleServer
}

/** The example as a person with a key starts it, on a server that is like OpenAI's. */
const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of fixtures from it
  emulator: async ({}, use) => {
    await use(
      responsesEmulator({
        apiKey: key,
        paceMs: 120,
        answer({ input }) {
          return JSON.stringify(input.at(-1)).includes('fail') ? failing : researched
        },
      }),
    )
  },
  server: async ({ emulator }, use) => {
    const upstream = await serve(emulator.handler)
    const env = { OPENAI_API_KEY: key, OPENAI_MODEL: 'gpt-5', OPENAI_BASE_URL: `${upstream.url}/v1` }
    const server = await startExample({ env })
    await use(server)
    await server.stop()
    await upstream.close()
  },
})

test('with a key the page names the model, and its questions are for it', async ({ page, server }) => {
  await page.goto(server.url)
  await expect(page.getByRole('banner')).toContainText(/gpt-5 at 127\.0\.0\.1:\d+ works on the server/)
  await expect(page).toHaveTitle('Research desk · Rejoin')
  await expect(page.getByRole('list', { name: 'Questions to begin with' }).getByRole('button')).toHaveCount(3)
  await expect(page.getByText('sales', { exact: false })).toHaveCount(0)
})

test('an answer is thought about, searched for and written, with its source (row 37)', async ({ page, server, emulator }) => {
  await page.goto(server.url)
  const part = (name: string) => page.locator(`[data-role="assistant"] [data-chat-part="${name}"]`)
  // Looked for on the page, frame by frame: it is there for a third of a second.
  const searching = page.waitForFunction(() => document.querySelector('[data-step-state="active"]')?.textContent?.includes('Searching the web'))
  await page.locator('[data-chat-part="input"]').fill(question)
  await page.locator('[data-chat-part="input"]').press('Enter')
  await expect(part('reasoning')).toContainText('The question is about scale and about time.')
  await searching
  await expect(page.locator('[data-chat-part="root"]')).toHaveAttribute('data-run-state', 'completed', { timeout: 30_000 })
  await expect(part('text')).toHaveText(text.trim())
  await expect(part('source').getByRole('link')).toHaveAttribute('href', 'https://example.com/storage')
  expect(emulator.responses.map(({ request }) => [request.model, request.background, request.store])).toEqual([['gpt-5', true, true]])
})

test('a reload in mid-sentence goes on with the same response (rows 10, 31)', async ({ page, server, emulator }) => {
  const chat = await openChat(page, server.url)
  await chat.ask(question)
  const before = await chat.atLeast(60)
  await page.reload()
  const restored = await chat.atLeast(before.length)
  expect(restored.startsWith(before)).toBe(true)
  expect(restored.length).toBeLessThan(text.length)
  await chat.state('completed')
  expect(await chat.answer()).toBe(text)
  await expect(page.locator('[data-chat-part="reasoning"]')).toHaveCount(1)
  await expect(page.locator('[data-chat-part="source"]')).toHaveCount(1)
  expect(emulator.responses).toHaveLength(1)
  // Beside them the server asks how far it is, to save the answer.
  const [start, resumed, ...others] = emulator.requests.filter(({ end }) => end !== null)
  expect([start?.method, start?.end, resumed?.method, resumed?.end, others.length]).toEqual(['POST', 'left', 'GET', 'complete', 0])
  // Not from the beginning, but from where the browser was.
  expect(resumed?.sent[0]).toBeGreaterThan(20)
})

test('stop cancels the response at the provider, and keeps what was written (row 23)', async ({ page, server, emulator }) => {
  const chat = await openChat(page, server.url)
  await chat.ask(question)
  await chat.atLeast(60)
  await chat.stopButton.click()
  await chat.state('cancelled')
  const stopped = await chat.answer()
  expect(text.startsWith(stopped)).toBe(true)
  expect(stopped.length).toBeGreaterThanOrEqual(60)
  expect(emulator.responses.map(({ status }) => status)).toEqual(['cancelled'])
  expect(emulator.requests.filter(({ path }) => path.endsWith('/cancel'))).toHaveLength(1)
  await page.reload()
  await chat.state('cancelled')
  expect(await chat.answer()).toBe(stopped)
})

test('a response that fails keeps its text, and says so in our words (rows 21, 82)', async ({ page, server, emulator }) => {
  const chat = await openChat(page, server.url)
  await chat.ask('Please fail')
  await chat.state('failed')
  await expect(chat.status).toHaveAttribute('data-error-code', 'agent_failed')
  await expect(chat.status).toContainText('The agent could not finish this answer. What it wrote so far is kept')
  expect(await chat.answer()).toBe('The first half of it')
  expect(await page.content()).not.toContain(failing.outcome.message)
  await page.reload()
  await chat.state('failed')
  expect(await chat.answer()).toBe('The first half of it')
  expect(emulator.responses).toHaveLength(1)
  // The conversation goes on.
  await chat.ask(question)
  await chat.state('completed')
})

test('a follow-up is asked with what was said before, also with an answer that nobody was there for', async ({ page, context, server, emulator }) => {
  const chat = await openChat(page, server.url)
  await chat.ask(question)
  await chat.atLeast(30)
  await page.close()
  await expect.poll(() => emulator.responses[0]?.status, { timeout: 30_000 }).toBe('completed')
  const again = await openChat(await context.newPage(), server.url)
  await again.state('completed')
  await again.ask('And at home?')
  await expect.poll(() => emulator.responses.length).toBe(2)
  const said = emulator.responses[1]?.request.input.map(({ role, content }) => [role, content])
  expect(said).toEqual([
    ['user', [{ type: 'input_text', text: question }]],
    ['assistant', [{ type: 'output_text', text }]],
    ['user', [{ type: 'input_text', text: 'And at home?' }]],
  ])
})

test('neither the key nor what the provider says of an error reaches the page (row 82)', async ({ page, server }) => {
  const wire = await createWire(server.url)
  const chat = await openChat(page, wire.url)
  await chat.ask('Please fail')
  await chat.state('failed')
  const traffic = wire.traffic()
  // It has been looked at where it would be.
  for (const passed of ['Please fail', 'The first half', 'agent_failed', 'gpt-5']) expect(traffic).toContain(passed)
  for (const secret of [key, failing.outcome.message, failing.outcome.code]) {
    expect(traffic).not.toContain(secret)
    expect(await page.content()).not.toContain(secret)
  }
  await wire.close()
})
