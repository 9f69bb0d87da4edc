import { defineConfig } from '@playwright/test'
import { chromium } from '../scripts/browsers.mjs'

// No webServer: each spec starts its own server on a free port, and can kill it.
export default defineConfig({
  testDir: '.',
  globalSetup: './buildExamples.ts',
  testMatch: '**/*.spec.ts',
  // They have a configuration of their own.
  testIgnore: 'install/**',
  outputDir: '../test-results',
  workers: 2,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
  use: {
    browserName: 'chromium',
    launchOptions: chromium,
    screenshot: 'off',
    video: 'off',
    trace: 'off',
  },
})
