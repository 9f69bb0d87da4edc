import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'fuzz',
    include: ['packages/*/test/**/*.fuzz.ts'],
    setupFiles: ['fake-indexeddb/auto'],
    testTimeout: 600_000,
  },
})
