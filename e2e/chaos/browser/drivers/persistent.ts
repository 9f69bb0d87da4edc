import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type BrowserType, type LaunchOptions, type Page } from 'playwright'
import { type Browser, type Tab } from '../driver.ts'
import { family, killAll, type Process } from './processes.ts'

/** Firefox takes its time where the machine is busy. Milliseconds. */
const startMs = 120_000

/** Who stops us stops the machine, and that closes its browsers. */
const ownSignals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false } as const

interface PersistentOptions {
  readonly type: BrowserType
  readonly launch: LaunchOptions
  /** Makes a tab's page, which `load` brings, and knows how its process is killed. */
  open(load: () => Promise<Page>, processesOf: () => readonly Process[]): Promise<{ page: Page; kill(): Promise<void> }>
}

/** A browser that Playwright drives, with a profile on the disk. */
export async function persistentBrowser({ type, launch, open }: PersistentOptions): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'rejoin-chaos-'))
  let context: BrowserContext

  /** Only those that were started with the profile, and theirs. */
  const ours = (): Process[] => family(({ command }) => command.includes(profile))

  async function start(): Promise<void> {
    context = await type.launchPersistentContext(profile, { ...launch, ...ownSignals, timeout: startMs })
  }

  try {
    await start()
  } catch (error) {
    await killAll(ours())
    rmSync(profile, { recursive: true, force: true })
    throw error
  }

  return {
    async open(url) {
      const { page, kill } = await open(async () => {
        const page = await context.newPage()
        await page.goto(url)
        return page
      }, ours)
      return tabOf(page, kill)
    },
    setOffline: (offline) => context.setOffline(offline),
    async kill() {
      const closed = new Promise((resolve) => context.once('close', resolve))
      await killAll(ours())
      await closed
    },
    start,
    async close() {
      await context.close().catch(() => {})
      await killAll(ours())
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function tabOf(page: Page, kill: () => Promise<void>): Tab {
  return {
    evaluate: (expression) => page.evaluate(expression),
    async reload() {
      await page.reload()
    },
    close: () => page.close(),
    async kill() {
      await kill()
      // What the browser shows in its place.
      await page.close()
    },
  }
}
