import { type BrowserContext, type Page } from '@playwright/test'
import { type Wire } from '@rejoin/testkit/playwright'
import { openChat, report, type ChatPage } from './chatPage.ts'
import { departures, readerOf } from './departures.ts'
import { expect, test } from './fixtures.ts'

const allTabs = 12

/** The server hears from the network that a tab is gone, and perhaps from the next tab before that. */
const noticedWithinMs = 250

/** How long a connection was still open when the next one had come, at most. */
function overlapMs({ requests }: Wire): number {
  return Math.max(0, ...requests.slice(1).map(({ openedAt }, at) => (requests[at]?.closedAt ?? Infinity) - openedAt))
}

async function openTabs(context: BrowserContext, page: Page, url: string, count: number): Promise<ChatPage[]> {
  const others = Array.from({ length: count - 1 }, async () => await openChat(await context.newPage(), url))
  return await Promise.all([openChat(page, url), ...others])
}

test('a second tab shows the same text over the same connection (row 66)', async ({ page, context, server, wire, undisturbed }) => {
  const first = await openChat(page, wire.url)
  await first.ask(report)
  const before = await first.atLeast(400)
  const second = await openChat(await context.newPage(), wire.url)
  expect((await second.atLeast(before.length)).startsWith(before)).toBe(true)
  await Promise.all([first.state('completed'), second.state('completed')])
  expect(await first.answer()).toBe(undisturbed)
  expect(await second.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
  expect(wire.requests).toHaveLength(1)
})

test('when the reading tab is closed the other goes on, with no gap (row 66)', async ({ page, context, server, wire, undisturbed }) => {
  const first = await openChat(page, wire.url)
  const second = await openChat(await context.newPage(), wire.url)
  await first.ask(report)
  const before = await second.atLeast(400)
  await page.close()
  await second.state('completed')
  const answer = await second.answer()
  expect(answer.startsWith(before)).toBe(true)
  expect(answer).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
  expect(wire.mostStreams()).toBe(1)
})

test('stop works from the tab that does not read (row 66)', async ({ page, context, wire }) => {
  const first = await openChat(page, wire.url)
  const second = await openChat(await context.newPage(), wire.url)
  await first.ask(report)
  await second.atLeast(300)
  await second.stopButton.click()
  await Promise.all([first.state('cancelled'), second.state('cancelled')])
  await expect.poll(async () => (await first.answer()) === (await second.answer())).toBe(true)
})

test.describe('twelve tabs on one answer', () => {
  test.use({ example: { pace: 0.5 } })

  test('have one connection at any moment, and lose nothing when the reading one is closed eleven times (row 66)', async ({ page, context, server, wire, undisturbed }) => {
    test.setTimeout(180_000)
    const reader = readerOf(context)
    let tabs = await openTabs(context, page, wire.url, allTabs)
    await tabs[0]?.ask(report)
    await Promise.all(tabs.map((tab) => tab.atLeast(50)))
    while (tabs.length > 1) {
      const shown = await Promise.all(tabs.map((tab) => tab.answer()))
      for (const text of shown) expect(undisturbed.startsWith(text)).toBe(true)
      const closing = reader()
      tabs = tabs.filter((tab) => tab.page !== closing)
      await departures.closed(closing)
      const longest = Math.max(...shown.map((text) => text.length))
      const after = await Promise.all(tabs.map((tab) => tab.atLeast(longest + 1)))
      for (const text of after) expect(undisturbed.startsWith(text)).toBe(true)
    }
    await tabs[0]?.state('completed')
    expect(await tabs[0]?.answer()).toBe(undisturbed)
    expect(server.started).toHaveLength(1)
    expect(wire.requests).toHaveLength(allTabs)
    expect(overlapMs(wire)).toBeLessThan(noticedWithinMs)
  })
})

for (const how of ['killed', 'frozen'] as const) {
  test(`when the reading tab is ${how} another goes on, with no gap, and each of them can stop it (row 66)`, async ({ page, context, server, wire, undisturbed }) => {
    const reader = readerOf(context)
    const tabs = await openTabs(context, page, wire.url, 3)
    await tabs[0]?.ask(report)
    const shown = await Promise.all(tabs.map((tab) => tab.atLeast(300)))
    const gone = reader()
    await departures[how](gone)
    const left = tabs.filter((tab) => tab.page !== gone)
    const longest = Math.max(...shown.map((text) => text.length))
    const after = await Promise.all(left.map((tab) => tab.atLeast(longest + 200)))
    expect(left.map((tab) => tab.page)).toContain(reader())
    for (const text of after) expect(undisturbed.startsWith(text)).toBe(true)
    const follower = left.find((tab) => tab.page !== reader())
    await follower?.stopButton.click()
    await Promise.all(left.map((tab) => tab.state('cancelled')))
    const [one = '', ...others] = await Promise.all(left.map((tab) => tab.answer()))
    expect(undisturbed.startsWith(one)).toBe(true)
    for (const other of others) expect(other).toBe(one)
    expect(server.started).toHaveLength(1)
  })
}
