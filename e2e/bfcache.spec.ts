import { chromium } from '../scripts/browsers.mjs'
import { openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

// Playwright turns the back/forward cache off, unless it is told not to.
test.use({ launchOptions: { ...chromium, ignoreDefaultArgs: ['--disable-back-forward-cache'] } })

test('a page that comes back from the back/forward cache goes on at once, with no gap (row 63)', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await page.evaluate(() => window.addEventListener('pageshow', ({ persisted }) => document.body.setAttribute('data-kept', String(persisted))))
  await chat.ask(report)
  const before = await chat.atLeast(400)
  await page.goto('about:blank')
  await expect.poll(() => wire.requests.filter(({ closedAt }) => closedAt === null).length).toBe(0)
  await page.goBack({ waitUntil: 'commit' })
  await expect(page.locator('body')).toHaveAttribute('data-kept', 'true')
  const back = Date.now()
  const shown = await chat.atLeast(before.length + 1)
  expect(Date.now() - back).toBeLessThan(1_000)
  expect(shown.startsWith(before)).toBe(true)
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
  expect(wire.mostStreams()).toBe(1)
})

test('while a page is in the back/forward cache another tab goes on, and both show the same in the end (row 66)', async ({ page, context, server, wire, undisturbed }) => {
  const kept = await openChat(page, wire.url)
  const other = await openChat(await context.newPage(), wire.url)
  await kept.ask(report)
  const before = await other.atLeast(400)
  await page.goto('about:blank')
  await other.atLeast(before.length + 400)
  await page.goBack({ waitUntil: 'commit' })
  await Promise.all([kept.state('completed'), other.state('completed')])
  expect(await kept.answer()).toBe(undisturbed)
  expect(await other.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})
