import { wireFixtures, type WireFixtures } from '@rejoin/testkit/playwright'
import { test as base, type Browser } from '@playwright/test'
import { openChat, report } from './chatPage.ts'
import { startExample, type ExampleOptions, type ExampleServer } from './exampleServer.ts'

export { expect } from '@playwright/test'

interface TestFixtures {
  /** How the server of a test is started. */
  example: ExampleOptions
  server: ExampleServer
}

interface WorkerFixtures {
  /** What the report says when nothing disturbs it. */
  undisturbed: string
}

/** About six seconds for the report: long enough to be disturbed, short enough to wait for. */
export const pace = 0.1

export const test = base.extend<WireFixtures>(wireFixtures).extend<TestFixtures, WorkerFixtures>({
  undisturbed: [
    async ({ browser }, use) => {
      await use(await undisturbedAnswer(browser, { question: report }))
    },
    { scope: 'worker' },
  ],
  example: [{ pace }, { option: true }],
  server: async ({ example }, use) => {
    const server = await startExample(example)
    await use(server)
    await server.stop()
  },
  target: async ({ server }, use) => {
    await use(server.url)
  },
})

/** What an example answers at once, with nothing in between. */
export async function undisturbedAnswer(browser: Browser, { question, ...example }: ExampleOptions & { question: string }): Promise<string> {
  const server = await startExample({ ...example, pace: 0 })
  const page = await browser.newPage()
  const chat = await openChat(page, server.url)
  await chat.ask(question)
  await chat.state('completed')
  const text = await chat.answer()
  await page.close()
  await server.stop()
  if (text.length < 2_000) throw new Error(`The answer has only ${text.length} characters.`)
  return text
}
