import { expect, test, type Page } from '@playwright/test'
import { chatOn } from './chatPage.ts'
import { startStorybook, type Storybook } from './storybook.ts'

// A stalled connection is given up after seconds.
test.describe.configure({ timeout: 60_000 })

let storybook: Storybook

test.beforeAll(async () => {
  test.setTimeout(120_000)
  storybook = await startStorybook()
})

test.afterAll(async () => {
  await storybook.close()
})

const reloadMe = 'iframe.html?id=backgroundagentchat--reload-me'
const breakTheNetwork = '?path=/story/backgroundagentchat--break-the-network'

/** What the page asks of anybody. */
function requestsOf(page: Page): string[] {
  const asked: string[] = []
  page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`))
  return asked
}

test('an answer goes on after a real reload of a static page, with its text and its time, and no server', async ({ page }) => {
  const asked = requestsOf(page)
  await page.goto(`${storybook.url}/${reloadMe}`)
  const chat = chatOn(page)
  await chat.ask('How did March go?')
  const before = await chat.atLeast(60)
  const seconds = await secondsOf(page)
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Reload the page' }).click()])
  const restored = await chat.atLeast(before.length)
  expect(restored.startsWith(before)).toBe(true)
  expect(await secondsOf(page)).toBeGreaterThanOrEqual(seconds)
  await chat.state('streaming')
  const later = await chat.atLeast(restored.length + 40)
  expect(later.startsWith(before)).toBe(true)
  await expect(page.locator('[data-role="user"]')).toHaveCount(1)
  expect(asked.filter((request) => !request.startsWith(`GET ${storybook.url}/`) && !request.startsWith('GET data:'))).toEqual([])
})

test('what Reload me has kept is gone when it is told to forget', async ({ page }) => {
  await page.goto(`${storybook.url}/${reloadMe}`)
  const chat = chatOn(page)
  await chat.ask('How did March go?')
  await expect(page.locator('[data-role="user"]')).toHaveCount(1)
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Forget everything' }).click()])
  await expect(chat.input).toBeVisible()
  await expect(chat.root).toHaveAttribute('data-status', 'ready')
  await expect(page.locator('[data-role="user"]')).toHaveCount(0)
})

test('the panel cuts the connection and takes it offline and back, for the story that is shown', async ({ page }) => {
  await page.goto(`${storybook.url}/${breakTheNetwork}`)
  const story = page.frameLocator('#storybook-preview-iframe')
  const status = story.locator('[data-chat-part="status"]')
  const panel = page.getByRole('tabpanel', { name: 'Network' })
  const told = panel.getByRole('status')
  await story.getByRole('textbox', { name: 'Message' }).fill('How did March go?')
  await story.getByRole('textbox', { name: 'Message' }).press('Enter')
  await expect(panel).toContainText('One connection is open.')
  await expect(told).toHaveText('The network works.')

  const states = await status.evaluateHandle((element) => {
    const seen: (string | null)[] = []
    new MutationObserver(() => seen.push(element.getAttribute('data-run-state'))).observe(element, { attributes: true })
    return seen
  })
  await panel.getByRole('button', { name: 'Cut' }).click()
  await expect.poll(() => states.jsonValue()).toContain('reconnecting')
  await expect(told).toContainText('The connection was cut.')
  await expect(status).toHaveAttribute('data-run-state', 'streaming')

  const offline = panel.getByRole('switch', { name: 'Offline' })
  await offline.focus()
  await page.keyboard.press('Enter')
  await expect(offline).toBeChecked()
  await expect(told).toContainText('The chat is offline.')
  await expect(status).toHaveAttribute('data-run-state', 'reconnecting')
  await expect(panel).toContainText('No connection is open.')
  await page.keyboard.press('Enter')
  await expect(offline).not.toBeChecked()
  await expect(status).toHaveAttribute('data-run-state', 'streaming')

  await panel.getByRole('switch', { name: 'Stall' }).click()
  await expect(told).toContainText('The network is stalled.')
  await expect(status).toHaveAttribute('data-run-state', 'reconnecting', { timeout: 10_000 })
  await panel.getByRole('switch', { name: 'Stall' }).click()
  await panel.getByRole('switch', { name: 'Slow' }).click()
  await expect(told).toContainText('The network is slow.')
  await expect(status).toHaveAttribute('data-run-state', 'streaming', { timeout: 10_000 })
})

test('another story has a network of its own, which nothing is wrong with', async ({ page }) => {
  await page.goto(`${storybook.url}/${breakTheNetwork}`)
  const panel = page.getByRole('tabpanel', { name: 'Network' })
  await panel.getByRole('switch', { name: 'Offline' }).click()
  await expect(panel.getByRole('status')).toContainText('The chat is offline.')
  await page.getByRole('link', { name: 'Answering' }).click()
  await expect(panel.getByRole('status')).toHaveText('The network works.')
  await expect(panel.getByRole('switch', { name: 'Offline' })).not.toBeChecked()
})

test('what the panel says of the network outlives a reload of the story, and not the story', async ({ page }) => {
  await page.goto(`${storybook.url}/?path=/story/backgroundagentchat--reload-me`)
  const story = page.frameLocator('#storybook-preview-iframe')
  const panel = page.getByRole('tabpanel', { name: 'Network' })
  const offline = panel.getByRole('switch', { name: 'Offline' })
  const told = panel.getByRole('status')
  const status = story.locator('[data-chat-part="status"]')
  const answer = story.locator('[data-role="assistant"] [data-chat-part="text"]')
  await story.getByRole('textbox', { name: 'Message' }).fill('How did March go?')
  await story.getByRole('textbox', { name: 'Message' }).press('Enter')
  await expect(answer).toContainText('Sales in March', { timeout: 20_000 })
  await offline.click()
  await expect(panel).toContainText('No connection is open.')
  const before = (await answer.textContent()) ?? ''

  for (const _ of ['once', 'and once more']) {
    await story.locator('body').evaluate((body) => body.setAttribute('data-before', ''))
    await story.getByRole('button', { name: 'Reload the page' }).click()
    await expect(story.locator('body[data-before]')).toHaveCount(0)
    await expect(status).toHaveAttribute('data-run-state', 'reconnecting')
    await expect(told).toHaveText('The chat is offline.')
    await expect(offline).toBeChecked()
    // Not a word more: no connection was open, not even for a moment.
    expect(await answer.textContent()).toBe(before)
  }
  await offline.click()
  await expect(status).toHaveAttribute('data-run-state', 'streaming')
  await expect.poll(async () => (await answer.textContent())?.length, { timeout: 20_000 }).toBeGreaterThan(before.length)

  await offline.click()
  await expect(told).toHaveText('The chat is offline.')
  await page.getByRole('link', { name: 'Answering' }).click()
  await expect(told).toHaveText('The network works.')
  await page.getByRole('link', { name: 'Reload Me' }).click()
  await expect(answer).toContainText('Sales in March')
  await expect(told).toHaveText('The network works.')
  await expect(offline).not.toBeChecked()
})

/** The time since the run began, as it is shown. */
async function secondsOf(page: Page): Promise<number> {
  return Number.parseInt((await page.getByRole('timer').textContent()) ?? '', 10)
}
