import { expect, type Page } from '@playwright/test'
import { chatOn, type ChatPage } from '../chatPage.ts'
import { type Program } from './program.ts'

/**
 * Asks in two browsers, reloads one of them in mid-answer, and holds it against the other one.
 * @param program where the agent runs
 */
export async function survivesReload(page: Page, url: string, program: Program): Promise<void> {
  const problems = problemsOf(page)
  const other = await page.context().browser()?.newPage()
  if (!other) throw new Error('There is no browser to hold the answer against.')
  const chat = await askOn(page, url)
  const undisturbed = await askOn(other, url)

  const before = await chat.atLeast(150)
  await page.reload()
  const restored = await chat.atLeast(before.length)
  expect(restored.startsWith(before)).toBe(true)
  await expect(page.locator('[data-role="user"]')).toHaveText('Does it survive a reload?')
  await expect(chat.stopButton).toBeVisible()

  await undisturbed.state('completed')
  await chat.state('completed')
  const answer = await chat.answer()
  expect(answer).toBe(await undisturbed.answer())
  expect(answer.length).toBeGreaterThan(restored.length)
  expect(program.started).toHaveLength(2)
  expect(problems).toEqual([])
  await other.close()
}

async function askOn(page: Page, url: string): Promise<ChatPage> {
  await page.goto(url)
  const chat = chatOn(page)
  // What the server has rendered is there before it can be used.
  await expect(chat.root).not.toHaveAttribute('data-run-state', 'restoring')
  // The theme: without it the root is a block.
  await expect(chat.root).toHaveCSS('display', 'flex')
  await chat.ask('Does it survive a reload?')
  return chat
}

/** What a new user would find in the console. */
function problemsOf(page: Page): readonly string[] {
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    // The empty template of Next.js has no icon, which browsers ask for.
    if (message.location().url.endsWith('/favicon.ico')) return
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  return problems
}
