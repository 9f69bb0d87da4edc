import { test as base } from '@playwright/test'
import { freshApp, type FreshApp } from './freshApp.ts'

export { expect } from '@playwright/test'

interface WorkerFixtures {
  /** The page in `docs` that is followed. */
  follows: { readonly name: string }
  app: FreshApp
}

/** `test.use({ follows: … })` says which page; its app is made once. */
export const test = base.extend<{}, WorkerFixtures>({
  follows: [{ name: '' }, { scope: 'worker', option: true }],
  app: [
    async ({ follows: { name } }, use) => {
      const app = await freshApp(name)
      await use(app)
      app.remove()
    },
    { scope: 'worker', timeout: 300_000 },
  ],
})
