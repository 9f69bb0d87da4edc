import { type EngineName } from '../kinds.ts'
import { planOf } from '../plan.ts'
import { play, type Result } from '../play.ts'
import { type Stage } from '../stage.ts'
import { bundlePage } from './bundle.ts'
import { type Browser, type Driver } from './driver.ts'
import { createWorld } from './world.ts'

type BrowserName = Exclude<EngineName, 'node'>

/** What two cores do well with. */
const widths = { chromium: 6, firefox: 4, webkit: 4 } as const satisfies Record<BrowserName, number>

/** Plays each plan in a browser that no other plan has meanwhile. */
export async function openBrowserStage(engine: BrowserName, width: number = widths[engine]): Promise<Stage> {
  const bundle = await bundlePage()
  const driver = await driverOf(engine)
  const idle: Browser[] = []

  async function playIn(browser: Browser, seed: number): Promise<Result> {
    const plan = planOf(seed, engine)
    try {
      return await play(plan, await createWorld(plan, browser, bundle))
    } catch (error) {
      return { wrong: `seed ${seed}: the world broke: ${error instanceof Error ? error.stack : String(error)}`, hung: false }
    }
  }

  return {
    width,
    async play(seed) {
      const browser = idle.pop() ?? (await driver.launch())
      const result = await playIn(browser, seed)
      // What has gone wrong may have broken it.
      if (result.wrong === null) idle.push(browser)
      else await browser.close()
      return result
    },
    async close() {
      await Promise.all(idle.splice(0).map((browser) => browser.close()))
      await driver.close()
    },
  }
}

async function driverOf(engine: BrowserName): Promise<Driver> {
  switch (engine) {
    case 'chromium':
      return (await import('./drivers/chromium.ts')).chromiumDriver()
    case 'firefox':
      return (await import('./drivers/firefox.ts')).firefoxDriver()
    case 'webkit':
      return await (await import('./drivers/webkit.ts')).webkitDriver()
  }
}
