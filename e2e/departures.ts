import { type BrowserContext, type Page } from '@playwright/test'

/** How a tab goes, or stands still, from one moment to the next. */
export const departures = {
  closed: (page: Page): Promise<void> => page.close(),
  async killed(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page)
    const crashed = page.waitForEvent('crash')
    // Never answered: who should answer is gone.
    devtools.send('Page.crash').catch(() => {})
    await crashed
  },
  /** A browser without a screen freezes no tab, so the page is told, and its code then stands still. */
  async frozen(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Debugger.enable')
    const paused = new Promise((resolve) => devtools.once('Debugger.paused', resolve))
    // Never answered either.
    devtools.send('Runtime.evaluate', { expression: `document.dispatchEvent(new Event('freeze')); queueMicrotask(() => setTimeout(() => { debugger }))` }).catch(() => {})
    await paused
  },
} as const

export type Departure = keyof typeof departures

/** The page that has connected last. Where there is one connection at a time, it is the one that reads. */
export function readerOf(context: BrowserContext): () => Page {
  let reader: Page | null = null
  context.on('request', (request) => {
    if (/\/runs(\/[^/]+)?$/.test(new URL(request.url()).pathname)) reader = request.frame().page()
  })
  return () => {
    if (reader === null) throw new Error('No page has connected.')
    return reader
  }
}
