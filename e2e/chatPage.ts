import { expect, type Locator, type Page } from '@playwright/test'

/** The example's page, by the attributes that are the components' public interface. */
export interface ChatPage {
  readonly page: Page
  readonly root: Locator
  readonly input: Locator
  readonly stopButton: Locator
  readonly status: Locator
  ask(question: string): Promise<void>
  /** The text of the latest answer, exactly as it is on the screen. */
  answer(): Promise<string>
  /** Waits until the latest answer has at least this many characters. */
  atLeast(length: number): Promise<string>
  /** Waits for the run to be in this state. */
  state(state: string): Promise<void>
}

export const report = 'Create the monthly sales report'

/** `?view=source` shows an answer as the very text the agent wrote. */
export async function openChat(page: Page, url: string): Promise<ChatPage> {
  await page.goto(`${url}/?view=source`)
  return chatOn(page)
}

/** @param place where on the page, where there are several chats */
export function chatOn(page: Page, place: Page | Locator = page): ChatPage {
  const part = (name: string): Locator => place.locator(`[data-chat-part="${name}"]`)
  const root = part('root')
  const latest = place.locator('[data-role="assistant"] [data-chat-part="text"]').last()
  const answer = async (): Promise<string> => ((await latest.count()) > 0 ? ((await latest.textContent()) ?? '') : '')
  return {
    page,
    root,
    input: part('input'),
    stopButton: part('stop'),
    status: part('status'),
    answer,
    async ask(question) {
      await part('input').fill(question)
      await part('input').press('Enter')
    },
    async atLeast(length) {
      await expect.poll(async () => (await answer()).length, { timeout: 60_000, intervals: [20] }).toBeGreaterThanOrEqual(length)
      return await answer()
    },
    async state(state) {
      await expect(root).toHaveAttribute('data-run-state', state, { timeout: 60_000 })
    },
  }
}
