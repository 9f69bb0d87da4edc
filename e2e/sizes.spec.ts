import type { Page } from '@playwright/test'
import { openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

interface Seen {
  /** The steps that were active. */
  steps: string[]
  /** What could not be seen in a frame. */
  hidden: string[]
}

/** Looks at each frame while the run goes on. */
async function watchFrames(page: Page): Promise<{ seen(): Promise<Seen> }> {
  const watching = await page.evaluateHandle(() => {
    const seen = { steps: new Set<string>(), hidden: new Set<string>() }
    const find = (selector: string, from: Element | null = document.body): Element | null => from?.querySelector(selector) ?? null
    const part = (name: string): Element | null => find(`[data-chat-part="${name}"]`)

    function isInside(element: Element | null, box: Element | null): boolean {
      if (element === null || box === null) return false
      const [inner, outer] = [element.getBoundingClientRect(), box.getBoundingClientRect()]
      const around = inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1
      return inner.height > 0 && around && inner.left >= outer.left - 1 && inner.right <= outer.right + 1
    }

    function look(): void {
      requestAnimationFrame(look)
      const step = find('[data-step-state="active"]')
      if (step === null) return
      const label = step.querySelector('span')?.textContent ?? ''
      seen.steps.add(label)
      if (!isInside(step, part('progress'))) seen.hidden.add(`step ${label}`)
      if (!isInside(find('[data-progress="elapsed"]'), part('progress'))) seen.hidden.add('elapsed')
      for (const name of ['messages', 'progress', 'status', 'input', 'stop']) {
        if (!isInside(part(name), part('root'))) seen.hidden.add(name)
      }
      const tick = step.getBoundingClientRect().top
      if (find('span', step)?.getBoundingClientRect().top !== tick) seen.hidden.add(`beside its tick: ${label}`)
      if ((part('messages')?.clientHeight ?? 0) < 48) seen.hidden.add('two lines of messages')
    }

    look()
    return seen
  })
  return { seen: () => watching.evaluate(({ steps, hidden }) => ({ steps: [...steps], hidden: [...hidden] })) }
}

for (const [width, height] of [
  [1100, 800],
  [550, 400],
  [390, 780],
  [320, 500],
] as const) {
  test.describe(`at ${width} by ${height}`, () => {
    test.use({ viewport: { width, height } })

    test('the step being done, the time and the composer stay in sight, through six steps', async ({ page, wire }) => {
      const chat = await openChat(page, wire.url)
      const frames = await watchFrames(page)
      await chat.ask(report)
      await chat.state('completed')
      const { steps, hidden } = await frames.seen()
      await expect(page.locator('[data-progress="step"]')).toHaveCount(6)
      expect(steps.at(-1)).toBe('Writing the report')
      expect(hidden).toEqual([])
    })

    test('the empty input is one line, however long its placeholder', async ({ page, wire }) => {
      const chat = await openChat(page, wire.url)
      const lineHeight = async (): Promise<number | undefined> => (await chat.input.boundingBox())?.height
      const empty = await lineHeight()
      await chat.input.fill('x')
      expect(await lineHeight()).toBe(empty)
      await chat.input.fill('x\ny')
      expect(await lineHeight()).toBeGreaterThan(empty ?? Infinity)
    })
  })
}

test('a conversation that fits stays at its end in a window that becomes too small for it', async ({ page, wire }) => {
  await page.setViewportSize({ width: 1100, height: 1100 })
  const chat = await openChat(page, wire.url)
  const messages = page.locator('[data-chat-part="messages"]')
  const hidden = (): Promise<number> => messages.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)
  const below = (): Promise<number> => messages.evaluate(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)
  await chat.ask('How did the North do?')
  await chat.state('completed')
  expect(await hidden()).toBe(0)
  await page.setViewportSize({ width: 320, height: 500 })
  await expect.poll(hidden).toBeGreaterThan(100)
  await expect.poll(below).toBeLessThan(2)
})
