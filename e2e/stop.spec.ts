import { openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

test('stop ends the run and keeps what was written', async ({ page, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await chat.atLeast(500)
  await chat.stopButton.click()
  await chat.state('cancelled')
  const stopped = await chat.answer()
  expect(stopped.length).toBeGreaterThanOrEqual(500)
  expect(undisturbed.startsWith(stopped)).toBe(true)
  expect(stopped).not.toBe(undisturbed)
  await page.reload()
  await chat.state('cancelled')
  expect(await chat.answer()).toBe(stopped)
})

test('stop works after a reload', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await chat.atLeast(300)
  await page.reload()
  await chat.stopButton.click()
  await chat.state('cancelled')
  const stopped = await chat.answer()
  expect(undisturbed.startsWith(stopped)).toBe(true)
  expect(server.started).toHaveLength(1)
  // The session is free again.
  await chat.ask('How did the North do?')
  await chat.state('completed')
  expect(server.started).toHaveLength(2)
})

test('stop before the first byte starts nothing, even when the start arrives later (row 90)', async ({ page, server, wire }) => {
  const chat = await openChat(page, wire.url)
  wire.hold(({ path }) => path.endsWith('/runs'))
  await chat.ask(report)
  await expect.poll(() => wire.requests.length).toBe(1)
  await chat.stopButton.click()
  await chat.state('cancelled')
  wire.release()
  await page.reload()
  await chat.state('cancelled')
  expect(server.started).toEqual([])
})

test('stop that is not acknowledged yet goes on after a reload', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await chat.atLeast(300)
  wire.hold(({ path }) => path.endsWith('/cancel'))
  await chat.stopButton.click()
  await chat.state('stopping')
  await page.reload()
  await chat.state('stopping')
  wire.release()
  await chat.state('cancelled')
})
