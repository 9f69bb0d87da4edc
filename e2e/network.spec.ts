import { openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

test('a cut connection and five seconds of refusal leave the text identical and the run one', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  const before = await chat.atLeast(600)
  wire.refuse()
  await chat.state('reconnecting')
  await expect(chat.status).toContainText(/again/i)
  expect((await chat.answer()).startsWith(before)).toBe(true)
  const until = Date.now() + 5_000
  await expect.poll(() => Date.now(), { timeout: 10_000 }).toBeGreaterThan(until)
  wire.accept()
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
  expect(wire.mostStreams()).toBe(1)
})

test('a connection that is cut again and again loses and doubles nothing (row 10)', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  for (let length = 200; length < undisturbed.length; length += 800) {
    await chat.atLeast(length)
    wire.cut()
  }
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})

test('a network that is back is used at once (row 63)', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await chat.atLeast(300)
  wire.refuse()
  // By now the next try is seconds away.
  await expect.poll(() => wire.refused(), { timeout: 20_000 }).toBeGreaterThanOrEqual(5)
  await page.context().setOffline(true)
  const before = (await chat.answer()).length
  wire.accept()
  const back = Date.now()
  await page.context().setOffline(false)
  await chat.atLeast(before + 1)
  expect(Date.now() - back).toBeLessThan(1_000)
})

test('a server that can not be reached is said, nothing is lost, and the answer comes when it is back', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  wire.refuse()
  await chat.ask(report)
  await chat.state('reconnecting')
  await expect(chat.status).toContainText(/reach/i)
  await expect(page.locator('[data-role="user"]')).toHaveText(report)
  await chat.input.fill('and what about the North?')
  await chat.input.press('Enter')
  await expect(chat.status).toContainText(/one/i)
  await expect(chat.input).toHaveValue('and what about the North?')
  wire.accept()
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})

test('a page that is offline says so, asks for nothing, and goes on when the network is back (row 63)', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  const before = await chat.atLeast(300)
  await wire.offline(page.context())
  await expect(chat.status).toHaveText(/^You are offline. Nothing is lost: it goes on by itself/)
  const refused = wire.refused()
  const until = Date.now() + 3_000
  await expect.poll(() => Date.now(), { timeout: 10_000 }).toBeGreaterThan(until)
  expect(wire.refused()).toBe(refused)
  const back = Date.now()
  await wire.online(page.context())
  await chat.atLeast(before.length + 100)
  expect(Date.now() - back).toBeLessThan(1_000)
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})

test('what is asked and stopped offline is done when the network is back', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await wire.offline(page.context())
  await chat.ask(report)
  await expect(chat.status).toHaveText(/^You are offline/)
  expect(wire.requests).toHaveLength(0)
  await wire.online(page.context())
  const before = await chat.atLeast(300)
  await wire.offline(page.context())
  await chat.stopButton.click()
  await chat.state('stopping')
  await wire.online(page.context())
  await chat.state('cancelled')
  expect(undisturbed.startsWith(before)).toBe(true)
  expect(server.started).toHaveLength(1)
})
