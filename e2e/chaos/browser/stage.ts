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
  const all = new Set<Promise<Browser>>()
  const idle: Promise<Browser>[] = []
  let closed = false

  function launch(): Promise<Browser> {
    const browser = driver.launch()
    all.add(browser)
    return browser
  }

  async function end(browser: Promise<Browser>): Promise<void> {
    if (all.delete(browser)) await (await browser).close()
  }

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
      const browser = idle.pop() ?? launch()
      const result = await playIn(await browser, seed)
      // Broken off: that says nothing of the plan, and nobody is to begin the next.
      if (closed) return await new Promise(() => {})
      // What has gone wrong may have broken it.
      if (result.wrong === null) idle.push(browser)
      else await end(browser)
      return result
    },
    async close() {
      closed = true
      await Promise.allSettled([...all].map(end))
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
