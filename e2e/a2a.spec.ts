import { a2aServer } from '@rejoin/testkit/a2a'
import { chatOn } from './chatPage.ts'
import { startExample } from './exampleServer.ts'
import { expect, test as base, undisturbedAnswer } from './fixtures.ts'

const question = 'Train me for 10 km in 12 weeks'

const test = base.extend<object, { undisturbed: string }>({
  undisturbed: [
    async ({ browser }, use) => {
      await use(await undisturbedAnswer(browser, { name: 'a2a', question }))
    },
    { scope: 'worker' },
  ],
})

/** Some five seconds for the plan. */
test.use({ example: { name: 'a2a', pace: 0.1 } })

test('an A2A task that is reloaded and cut in mid-answer is answered whole, and started once', async ({ page, server, wire, undisturbed }) => {
  const shows = (length: number) => wire.at(({ text }) => text.length >= length)
  const disturbed = [shows(400).reload(page), shows(900).cut(), shows(1_400).cut(), shows(1_900).reload(page)]
  await page.goto('/')
  const chat = chatOn(page)
  await chat.ask(question)
  await expect(page.locator('[data-chat-part="progress"]')).toContainText('Spreading 10 km over 12 weeks')
  await Promise.all(disturbed)
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  await expect(page.locator('[data-chat-part="file"] a')).toHaveText('training.csv')
  expect(server.started).toHaveLength(1)
  expect(wire.mostStreams()).toBe(1)
})

test('an A2A task goes on while nobody is there', async ({ page, context, server, wire, undisturbed }) => {
  await page.goto('/')
  const chat = chatOn(page)
  await chat.ask(question)
  await chat.atLeast(300)
  await page.close()
  // It takes some five seconds by itself.
  await expect.poll(() => server.printed, { timeout: 20_000 }).toContain(`task ${server.started[0]} completed`)
  const later = await context.newPage()
  await later.goto(wire.url)
  const again = chatOn(later)
  await again.state('completed')
  expect(await again.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})

test('Stop after a reload ends the A2A task itself, and what was written stays', async ({ page, server, undisturbed }) => {
  await page.goto('/')
  const chat = chatOn(page)
  await chat.ask(question)
  await chat.atLeast(300)
  await page.reload()
  await chat.stopButton.click()
  await chat.state('cancelled')
  await expect.poll(() => server.printed).toContain(`task ${server.started[0]} cancelled`)
  const stopped = await chat.answer()
  expect(stopped.length).toBeGreaterThanOrEqual(300)
  expect(stopped.length).toBeLessThan(undisturbed.length)
  await page.reload()
  await chat.state('cancelled')
  expect(await chat.answer()).toBe(stopped)
  await chat.ask(question)
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(2)
})

test('the A2A agent ends with the server, however that dies; what it had written stays on the page', async ({ page, server }) => {
  await page.goto('/')
  const chat = chatOn(page)
  await chat.ask(question)
  const before = await chat.atLeast(300)
  const [card = ''] = /http:\S+/.exec(server.printed.find((line) => line.includes('agent-card.json')) ?? '') ?? []
  expect((await fetch(card)).status).toBe(200)
  await server.kill()
  await expect(async () => expect(await fetch(card).catch(() => 'gone')).toBe('gone')).toPass()
  const next = await server.startAgain()
  try {
    await chat.state('expired')
    expect((await chat.answer()).length).toBeGreaterThanOrEqual(before.length)
    expect(next.started).toEqual([])
  } finally {
    await next.stop()
  }
})

test('in front of an A2A agent that lives on, a server that is killed and started again goes on with the task', async ({ page }) => {
  const rest = Promise.withResolvers<void>()
  const piece = (text: string) => ({ type: 'artifact', id: 'answer', parts: [text] }) as const
  const agent = await a2aServer({ script: { steps: [piece('This was '), { type: 'wait', until: () => rest.promise }, piece('not lost.')] } })
  const env = { AGENT_CARD: agent.cardUrl, REJOIN_SECRET: 'thirty-two random characters, or so' }
  const server = await startExample({ name: 'a2a', env })
  await page.goto(server.url)
  const chat = chatOn(page)
  await chat.ask(question)
  await chat.atLeast(1)
  await server.kill()
  await chat.state('reconnecting')
  const next = await server.startAgain()
  await expect.poll(() => agent.requests.map(({ method }) => method)).toContain('SubscribeToTask')
  rest.resolve()
  await chat.state('completed')
  expect(await chat.answer()).toBe('This was not lost.')
  expect(agent.started()).toBe(1)
  await next.stop()
  await agent.close()
})

test('an A2A agent asks, and goes on in the same task with an answer that is given after a reload (row 25)', async ({ page, server, undisturbed }) => {
  await page.goto('/')
  const chat = chatOn(page)
  await chat.ask('Train me for 12 weeks')
  await chat.state('paused')
  await expect(page.locator('[data-chat-part="request"]')).toContainText('How far do you want to run')
  await page.reload()
  await chat.state('paused')
  await expect(page.locator('[data-chat-part="request"]')).toContainText('How far do you want to run')
  await chat.ask('10')
  await chat.atLeast(300)
  await page.reload()
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  await expect(page.locator('[data-role="user"]')).toHaveCount(2)
  expect(server.started).toHaveLength(1)
  expect(server.printed.filter((line) => line.startsWith('task '))).toHaveLength(4)
})
