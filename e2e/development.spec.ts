import { openChat, report } from './chatPage.ts'
import { expect, pace, test } from './fixtures.ts'

test.describe('under the development server', () => {
  test.use({ example: { pace, dev: true } })

  test('in Strict Mode, one run is started over one connection and survives a reload (row 65)', async ({ page, server, wire, undisturbed }) => {
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
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
  })
})

test('the formatted view shows the same report as Markdown, and a cookie of one’s own', async ({ page, context, wire }) => {
  await page.goto(wire.url)
  await page.getByRole('button', { name: report }).click()
  await expect(page.locator('[data-chat-part="root"]')).toHaveAttribute('data-run-state', 'completed', { timeout: 30_000 })
  await expect(page.getByRole('heading', { level: 1, name: /Sales report/ })).toBeVisible()
  await expect(page.getByRole('table').first()).toContainText('North')
  expect((await context.cookies()).map(({ name, httpOnly }) => [name, httpOnly])).toEqual([['visitor', true]])
})
