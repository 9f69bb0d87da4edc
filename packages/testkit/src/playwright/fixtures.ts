import {
  type Fixtures,
  type PlaywrightTestArgs,
  type PlaywrightTestOptions,
  type PlaywrightWorkerArgs,
  type PlaywrightWorkerOptions,
} from '@playwright/test'
import { createWire, type Wire } from './wire.ts'

/** What tests may say with `use`. */
export interface WireOptions {
  /** The app's own address: `http://localhost:5173`. Has to be said. */
  target: string
  /** Where the app serves the agent proxy, without `/runs`. @default '/api/agent' */
  agentPath: string
}

export interface WireFixtures extends WireOptions {
  /** The network between this test's pages and the app. `page.goto('/')` goes through it. */
  wire: Wire
}

/**
 * For `test.extend<WireFixtures>(wireFixtures)`. Each test gets a wire of its own, and `baseURL` is its address. A
 * test that passes although something it planned with `wire.at` has not happened, or has failed, fails at its end.
 */
export const wireFixtures: Fixtures<
  WireFixtures,
  {},
  PlaywrightTestArgs & PlaywrightTestOptions,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions
> = {
  target: ['', { option: true }],
  agentPath: ['/api/agent', { option: true }],
  async wire({ target, agentPath }, use, { errors }) {
    if (target === '') {
      throw new Error("The wire has no target, so there is nothing to test. Say where the app is: use: { target: 'http://localhost:5173' }.")
    }
    const wire = await createWire(target, { agentPath })
    await use(wire)
    try {
      await wire.close()
    } catch (error) {
      // Beside what has made the test fail, it would only hide the reason.
      if (errors.length === 0) throw error
    }
  },
  async baseURL({ wire }, use) {
    await use(wire.url)
  },
}
