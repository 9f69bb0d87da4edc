import { expect, test as base, type Page } from '@playwright/test'
import { wireFixtures, type Wire, type WireFixtures } from '@rejoin/testkit/playwright'
import { chatOn, type ChatPage } from './chatPage.ts'
import { startSite, type Site } from './streams/site.ts'

const test = base.extend<WireFixtures>(wireFixtures).extend<{ site: Site }>({
  async site({ agentPath }, use) {
    const site = await startSite(agentPath)
    await use(site)
    await site.close()
  },
  target: async ({ site }, use) => {
    await use(site.url)
  },
})

const twelve = Array.from({ length: 12 }, (_, n) => `chat${n}-`)

async function openChats(page: Page, wire: Wire, names: readonly string[]): Promise<Map<string, ChatPage>> {
  await page.goto(`${wire.url}/?chats=${names.join(',')}`)
  return new Map(names.map((name) => [name, chatOn(page, page.locator(`[id="${name}"]`))]))
}

async function askAll(chats: Map<string, ChatPage>): Promise<void> {
  for (const chat of chats.values()) await chat.ask('Go on')
}

async function inState(chats: Map<string, ChatPage>, state: string): Promise<string[]> {
  const found: string[] = []
  for (const [name, { root }] of chats) if ((await root.getAttribute('data-run-state')) === state) found.push(name)
  return found
}

async function expectWhole(chats: Map<string, ChatPage>, site: Site): Promise<void> {
  for (const [name, chat] of chats) {
    await chat.state('completed')
    expect(await chat.answer()).toBe(site.written(name))
    expect(site.begun(name)).toBe(1)
  }
}

test('twelve answers on a page have three streams, nine are polled, and all are right in the end', async ({ page, wire, site }) => {
  const chats = await openChats(page, wire, twelve)
  await askAll(chats)
  await expect.poll(() => inState(chats, 'polling')).toHaveLength(9)
  const streaming = await inState(chats, 'streaming')
  expect(streaming).toHaveLength(3)
  // They have all begun, also those of which nothing is shown yet.
  await expect.poll(() => twelve.filter((name) => site.written(name).length > 100)).toHaveLength(12)

  const [first = ''] = streaming
  site.finish(first)
  await chats.get(first)?.state('completed')
  await expect.poll(() => inState(chats, 'streaming'), { timeout: 2_000 }).toHaveLength(3)

  for (const name of twelve) site.finish(name)
  await expectWhole(chats, site)
  expect(wire.mostStreams()).toBe(3)
})

test('a page with three open streams can still send, and stop', async ({ page, wire, site }) => {
  const chats = await openChats(page, wire, twelve.slice(0, 7))
  await askAll(chats)
  await expect.poll(() => inState(chats, 'polling')).toHaveLength(4)
  const [polled = ''] = await inState(chats, 'polling')
  await chats.get(polled)?.stopButton.click()
  await chats.get(polled)?.state('cancelled')
  for (const name of twelve) site.finish(name)
})

test('the tabs of a browser share the three, and those of a tab whose renderer is killed pass on', async ({ page, context, wire, site }) => {
  const first = await openChats(page, wire, ['a', 'b', 'c'])
  await askAll(first)
  await expect.poll(() => inState(first, 'streaming')).toHaveLength(3)
  const second = await openChats(await context.newPage(), wire, ['d', 'e', 'f', 'g'])
  await askAll(second)
  await expect.poll(() => inState(second, 'polling')).toHaveLength(4)

  const crashed = page.waitForEvent('crash')
  const devtools = await context.newCDPSession(page)
  devtools.send('Page.crash').catch(() => {})
  await crashed
  await expect.poll(() => inState(second, 'streaming'), { timeout: 3_000 }).toHaveLength(3)
  for (const name of second.keys()) site.finish(name)
  await expectWhole(second, site)
  expect(wire.mostStreams()).toBe(3)
})

test('a network that is away for a while gives three streams again, and every answer whole (row 63)', async ({ page, context, wire, site }) => {
  const chats = await openChats(page, wire, twelve)
  await askAll(chats)
  await expect.poll(() => inState(chats, 'polling')).toHaveLength(9)
  await wire.offline(context)
  await expect.poll(() => inState(chats, 'reconnecting')).toHaveLength(12)
  const asked = wire.requests.length
  const refused = wire.refused()
  const until = Date.now() + 3_000
  await expect.poll(() => Date.now(), { timeout: 10_000 }).toBeGreaterThan(until)
  expect([wire.requests.length, wire.refused()]).toEqual([asked, refused])
  await wire.online(context)
  await expect.poll(() => inState(chats, 'streaming'), { timeout: 3_000 }).toHaveLength(3)
  for (const name of twelve) site.finish(name)
  await expectWhole(chats, site)
  expect(wire.mostStreams()).toBe(3)
})
