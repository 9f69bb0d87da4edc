import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { args, executablePath } from './scripts/chromium.mjs'

const browserTests = '**/*.browser.test.{ts,tsx}'
const setupFiles = ['fake-indexeddb/auto']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['packages/*/test/**/*.test.{ts,tsx}', 'examples/*/test/**/*.test.ts', 'scripts/**/*.test.ts'],
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
            provider: playwright({ launchOptions: { executablePath, args } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
