import { openChat, report } from './chatPage.ts'
import { startExample } from './exampleServer.ts'
import { expect, test } from './fixtures.ts'
import { createWire } from './wire.ts'

test('under the development server, in Strict Mode, one run is started over one connection and survives a reload (row 65)', async ({ page, undisturbed }) => {
  const server = await startExample({ pace: 0.1, dev: true })
  const wire = await createWire(server.url)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    // The wire carries no WebSocket, which only Vite's own reloading misses.
    if (message.type() === 'error' && !/websocket/i.test(message.text())) problems.push(message.text())
  })
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  const before = await chat.atLeast(500)
  expect(wire.requests).toHaveLength(1)
  await page.reload()
  expect((await chat.atLeast(before.length)).startsWith(before)).toBe(true)
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(wire.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
  expect(server.started).toHaveLength(1)
  expect(problems).toEqual([])
  await wire.close()
  await server.stop()
})

test('the formatted view shows the same report as Markdown, and a cookie of one’s own', async ({ page, context, wire }) => {
  await page.goto(wire.url)
  await page.getByRole('button', { name: report }).click()
  await expect(page.locator('[data-chat-part="root"]')).toHaveAttribute('data-run-state', 'completed', { timeout: 30_000 })
  await expect(page.getByRole('heading', { level: 1, name: /Sales report/ })).toBeVisible()
  await expect(page.getByRole('table').first()).toContainText('North')
  expect((await context.cookies()).map(({ name, httpOnly }) => [name, httpOnly])).toEqual([['visitor', true]])
})
