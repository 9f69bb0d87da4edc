import { chromium } from 'playwright'
import { chromium as launch } from '../../../../scripts/browsers.mjs'
import { type Driver } from '../driver.ts'
import { persistentBrowser } from './persistent.ts'

export function chromiumDriver(): Driver {
  return {
    launch: () =>
      persistentBrowser({
        type: chromium,
        launch,
        async open(load) {
          const page = await load()
          return {
            page,
            async kill() {
              const session = await page.context().newCDPSession(page)
              const crashed = new Promise((resolve) => page.once('crash', resolve))
              // Nobody is left to answer.
              session.send('Page.crash').catch(() => {})
              await crashed
            },
          }
        },
      }),
    async close() {},
  }
}
