import { join } from 'node:path'

/** Where the last whole `npm test` has left its reports. Not Playwright's test-results, which each of its runs empties. */
export const results = join(import.meta.dirname, '../.results')

export const vitestReport = 'vitest.json'
export const playwrightReport = 'playwright.json'
