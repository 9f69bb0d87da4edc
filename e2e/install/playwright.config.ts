import { defineConfig } from '@playwright/test'
import shared from '../playwright.config.ts'

// Two fresh apps are made at the same time.
export default defineConfig({
  ...shared,
  testDir: '.',
  testIgnore: [],
  outputDir: '../../test-results',
  globalSetup: './tarballs.ts',
  timeout: 180_000,
  expect: { timeout: 30_000 },
})
