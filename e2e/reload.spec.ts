import { chatOn, openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

for (const share of [0.02, 0.25, 0.5, 0.8, 0.98]) {
  test(`a reload after ${share * 100} % of the report shows what was there before any byte, and goes on (row 60)`, async ({ page, server, wire, undisturbed }) => {
    const characters = Math.floor(undisturbed.length * share)
    void wire.at(({ text }) => text.length >= characters).stall()
    const chat = await openChat(page, wire.url)
    await chat.ask(report)
    const before = await chat.atLeast(characters)
    wire.hold(({ method }) => method === 'GET')
    await page.reload()
    const restored = await chat.atLeast(before.length)
    expect(restored.startsWith(before)).toBe(true)
    expect(undisturbed.startsWith(restored)).toBe(true)
    expect(wire.requests.filter(({ method, closedAt }) => method === 'GET' && closedAt !== null)).toEqual([])
    wire.release()
    await chat.state('completed')
    expect(await chat.answer()).toBe(undisturbed)
    expect(server.started).toHaveLength(1)
    expect(wire.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
    expect(wire.mostStreams()).toBe(1)
  })
}

test('a reload while the agent is at work and has written nothing yet goes on with its progress', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await expect(page.locator('[data-chat-part="progress"]')).toContainText('Reading sales.csv')
  await page.reload()
  await expect(page.locator('[data-chat-part="progress"]')).toContainText('Reading sales.csv')
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})

test('a reload between Send and the first byte finds the run again and starts it once (row 62)', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  wire.hold(({ method }) => method === 'POST')
  await chat.ask(report)
  await expect.poll(() => wire.requests.length).toBe(1)
  await page.reload()
  await expect(page.locator('[data-role="user"]')).toHaveText(report)
  await expect.poll(() => wire.requests.length).toBe(2)
  // Both starts go through now, the one of the page that is gone as well.
  wire.release()
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})

test('a finished report is there after a reload, with no request', async ({ page, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await chat.state('completed')
  const requests = wire.requests.length
  await page.reload()
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(wire.requests).toHaveLength(requests)
})

test('a page that is closed and opened later shows the rest, which the agent wrote meanwhile (rows 17, 24)', async ({ page, context, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  const before = await chat.atLeast(500)
  await page.close()
  await expect.poll(() => wire.requests.every(({ closedAt }) => closedAt !== null)).toBe(true)
  const later = await context.newPage()
  const again = await openChat(later, wire.url)
  expect((await again.atLeast(before.length)).startsWith(before)).toBe(true)
  await again.state('completed')
  expect(await chatOn(later).answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})
