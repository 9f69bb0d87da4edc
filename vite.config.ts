import { join } from 'node:path'
import { storybookTest } from '@storybook/addon-vitest/vitest-plugin'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromium, firefox } from './scripts/browsers.mjs'

const react18 = join(import.meta.dirname, 'packages/react/test/react-18/package.json')
const browserTests = '**/*.browser.test.{ts,tsx}'
const setupFiles = ['fake-indexeddb/auto']

export default defineConfig({
  test: {
    // The default leaves a core to the main process: of two, that is half.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['packages/*/test/**/*.test.{ts,tsx}', 'examples/*/test/**/*.test.ts', 'scripts/**/*.test.ts', 'e2e/**/*.test.ts'],
          exclude: ['packages/react/**', browserTests],
          setupFiles,
        },
      },
      {
        test: {
          name: 'unit-dom',
          environment: 'happy-dom',
          include: ['packages/react/test/**/*.test.{ts,tsx}', 'examples/*/test/**/*.test.tsx'],
          exclude: [browserTests],
          setupFiles,
        },
      },
      {
        plugins: [
          {
            name: 'react-18',
            enforce: 'pre',
            resolveId(id) {
              const shared = /^(react|react-dom|react-markdown|@testing-library\/react|@tanstack\/react-query)(\/|$)/
              return shared.test(id) ? this.resolve(id, react18, { skipSelf: true }) : undefined
            },
          },
        ],
        test: {
          name: 'unit-react-18',
          environment: 'happy-dom',
          include: ['packages/react/test/**/*.test.{ts,tsx}'],
          exclude: [browserTests],
          setupFiles,
        },
      },
      {
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['packages/*/test/**/*.test-d.{ts,tsx}'],
            tsconfig: './tsconfig.test.json',
          },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['packages/*/test/**/*.browser.test.{ts,tsx}'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [
              { browser: 'chromium', provider: playwright({ launchOptions: chromium }) },
              { browser: 'firefox', provider: playwright({ launchOptions: firefox }) },
            ],
          },
        },
      },
      {
        plugins: [storybookTest({ configDir: join(import.meta.dirname, '.storybook') })],
        test: {
          name: 'storybook',
          // Storybook takes each story down before the next; a page for each file would only be loaded again.
          isolate: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromium }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
