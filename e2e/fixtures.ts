import { test as base } from '@playwright/test'
import { openChat, report } from './chatPage.ts'
import { startExample, type ExampleServer } from './exampleServer.ts'
import { createWire, type Wire } from './wire.ts'

export { expect } from '@playwright/test'

interface TestFixtures {
  server: ExampleServer
  wire: Wire
}

interface WorkerFixtures {
  /** What the report says when nothing disturbs it. */
  undisturbed: string
}

/** About six seconds for the report: long enough to be disturbed, short enough to wait for. */
const pace = 0.1

export const test = base.extend<TestFixtures, WorkerFixtures>({
  undisturbed: [
    async ({ browser }, use) => {
      const server = await startExample({ pace: 0 })
      const page = await browser.newPage()
      const chat = await openChat(page, server.url)
      await chat.ask(report)
      await chat.state('completed')
      const text = await chat.answer()
      await page.close()
      await server.stop()
      if (text.length < 2_000) throw new Error(`The report has only ${text.length} characters.`)
      await use(text)
    },
    { scope: 'worker' },
  ],
  server: async ({}, use) => {
    const server = await startExample({ pace })
    await use(server)
    await server.stop()
  },
  wire: async ({ server }, use) => {
    const wire = await createWire(server.url)
    await use(wire)
    await wire.close()
  },
})
