import { wireFixtures, type WireFixtures } from '@rejoin/testkit/playwright'
import { expect, test as base, type BrowserContext, type Page } from '@playwright/test'
import { chatOn, type ChatPage } from './chatPage.ts'
import { startTurns, type TurnsSite } from './turns/site.ts'

/** A page of one or two chats, each by its name. */
interface Turns {
  page: Page
  chat(name: string): ChatPage & { again(): Promise<void>; instead(text: string): Promise<void> }
}

interface TurnsFixtures {
  site: TurnsSite
  /** Opens a page of ada's. */
  open(context: BrowserContext, ...chats: string[]): Promise<Turns>
}

const test = base.extend<WireFixtures>(wireFixtures).extend<TurnsFixtures>({
  site: async ({ agentPath }, use) => {
    const site = await startTurns(agentPath)
    await use(site)
    await site.close()
  },
  target: async ({ site }, use) => {
    await use(site.url)
  },
  open: async ({ wire }, use) => {
    await use(async (context, ...chats) => {
      await context.addCookies([{ name: 'user', value: 'ada', url: wire.url }])
      const page = await context.newPage()
      await page.goto(`${wire.url}/?user=ada&chats=${chats.join(',')}`)
      return { page, chat: (name) => chatIn(page, name) }
    })
  },
})

function chatIn(page: Page, name: string): ReturnType<Turns['chat']> {
  const place = page.getByRole('region', { name })
  return {
    ...chatOn(page, place),
    again: () => place.getByRole('button', { name: 'Ask again' }).click(),
    async instead(text) {
      await place.getByRole('textbox', { name: 'In other words' }).fill(text)
      await place.getByRole('button', { name: 'Send instead' }).click()
    },
  }
}

/** All that the page shows of a conversation. */
async function messagesOf({ root }: ChatPage): Promise<string[]> {
  return await root.locator('[data-chat-part="message"]:not([hidden])').allTextContents()
}

test('a turn knows those before it, also after a reload and in a new server (row 15)', async ({ context, open, site }) => {
  const { page, chat } = await open(context, 'one')
  const one = chat('one')
  await one.ask('red')
  await expect.poll(() => one.answer()).toBe('Answer 1 to red. Before: nothing.')
  await one.ask('green')
  await expect.poll(() => one.answer()).toBe('Answer 2 to green. Before: red, Answer 1.')
  await page.reload()
  await one.ask('blue')
  await expect.poll(() => one.answer()).toBe('Answer 3 to blue. Before: red, Answer 1, green, Answer 2.')
  await site.startAgain()
  await one.ask('black')
  await expect.poll(() => one.answer()).toBe('Answer 4 to black. Before: red, Answer 1, green, Answer 2, blue, Answer 3.')
})

test('an answer that is asked for again takes the place of the one before, for the next turn as well (row 15)', async ({ context, open }) => {
  const { page, chat } = await open(context, 'one')
  const one = chat('one')
  await one.ask('red')
  await one.state('completed')
  await one.again()
  await expect.poll(() => messagesOf(one)).toEqual(['red', 'Answer 2 to red. Before: nothing.'])
  await one.state('completed')
  await page.reload()
  await expect.poll(() => messagesOf(one)).toEqual(['red', 'Answer 2 to red. Before: nothing.'])
  await one.ask('green')
  await expect.poll(() => one.answer()).toBe('Answer 3 to green. Before: red, Answer 2.')
})

test('the last message in another form takes its place, and the turns before stay (row 15)', async ({ context, open }) => {
  const { page, chat } = await open(context, 'one')
  const one = chat('one')
  await one.ask('red')
  await one.state('completed')
  await one.ask('grean')
  await expect.poll(() => one.answer()).toMatch(/^Answer 2 .*\.$/)
  await one.instead('green')
  const shown = ['red', 'Answer 1 to red. Before: nothing.', 'green', 'Answer 3 to green. Before: red, Answer 1.']
  await expect.poll(() => messagesOf(one)).toEqual(shown)
  await one.state('completed')
  await page.reload()
  await expect.poll(() => messagesOf(one)).toEqual(shown)
  await one.ask('blue')
  await expect.poll(() => one.answer()).toBe('Answer 4 to blue. Before: red, Answer 1, green, Answer 3.')
})

test('two chats on one page answer at the same time, each in its place and with its own conversation (row 65)', async ({ context, open, site, wire }) => {
  const { page, chat } = await open(context, 'one', 'two')
  const [one, two] = [chat('one'), chat('two')]
  await one.ask('wait for red')
  await two.ask('wait for green')
  for (const each of [one, two]) await expect.poll(() => each.answer()).toMatch(/^Answer \d $/)
  expect(wire.mostStreams()).toBe(2)
  await page.reload()
  for (const each of [one, two]) await each.state('streaming')
  site.goOn()
  await expect.poll(() => one.answer()).toBe('Answer 1 to wait for red. Before: nothing.')
  await expect.poll(() => two.answer()).toBe('Answer 2 to wait for green. Before: nothing.')
  await two.ask('blue')
  await expect.poll(() => two.answer()).toBe('Answer 3 to blue. Before: wait for green, Answer 2.')
  expect(await messagesOf(one)).toEqual(['wait for red', 'Answer 1 to wait for red. Before: nothing.'])
})

test('of a turn that is cut, reloaded and looked at from two tabs each message is recorded once, and only the new one is sent (row 14)', async ({ context, open, site, wire }) => {
  const { page, chat } = await open(context, 'one')
  const sent: unknown[] = []
  context.on('request', (request) => {
    if (request.method() === 'POST') sent.push(request.postDataJSON().message.parts)
  })
  const one = chat('one')
  await one.ask('wait for red')
  await expect.poll(() => one.answer()).toBe('Answer 1 ')
  wire.cut()
  await page.reload()
  const other = (await open(context, 'one')).chat('one')
  await expect.poll(() => other.answer()).toBe('Answer 1 ')
  site.goOn()
  for (const each of [one, other]) await each.state('completed')
  await one.ask('green')
  for (const each of [one, other]) await expect.poll(() => each.answer()).toMatch(/^Answer 2 .*\.$/)
  await expect.poll(() => site.recorded.length).toBe(4)
  expect(site.recorded.map(({ message, state }) => [message.role, state?.type ?? null])).toEqual([
    ['user', null],
    ['assistant', 'completed'],
    ['user', null],
    ['assistant', 'completed'],
  ])
  expect(new Set(site.recorded.map(({ message }) => message.id)).size).toBe(4)
  expect(sent).toEqual(['wait for red', 'green'].map((text) => [{ type: 'text', text }]))
})

test('what one device has answered another can not answer again (row 25)', async ({ browser, context, open, site }) => {
  const here = (await open(context, 'one')).chat('one')
  await here.ask('ask me')
  await here.state('paused')
  // It has not heard of the other's answer yet.
  await here.page.route('**/runs', (route) => (route.request().method() === 'GET' ? route.abort() : route.continue()))
  const elsewhere = await browser.newContext()
  const there = (await open(elsewhere, 'one')).chat('one')
  await there.root.getByRole('button', { name: 'Approve' }).click()
  await expect.poll(() => there.answer()).toBe('Yes. to ask me. Before: nothing.')

  await here.root.getByRole('button', { name: 'Decline' }).click()
  await expect(here.status).toContainText('answered already')
  expect(await here.answer()).toBe('Answer 1 ')
  expect(site.called).toBe(1)
  await elsewhere.close()
})
