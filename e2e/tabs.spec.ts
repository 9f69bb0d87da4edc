import { openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

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
