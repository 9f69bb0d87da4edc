import { join } from 'node:path'
import { firefox } from 'playwright'
import { firefox as launch } from '../../../../scripts/browsers.mjs'
import { type Driver } from '../driver.ts'
import { persistentBrowser } from './persistent.ts'
import { killAll, type Process } from './processes.ts'

/** A process for each tab, begun with it: so it is known whose process is whose. */
const firefoxUserPrefs = { 'dom.ipc.processPrelaunch.enabled': false, 'dom.ipc.processCount.webIsolated': 32 }

export function firefoxDriver(): Driver {
  return {
    launch: () =>
      persistentBrowser({
        type: firefox,
        launch: {
          ...launch,
          executablePath: join(import.meta.dirname, 'firefox.sh'),
          env: { ...process.env, REJOIN_FIREFOX: launch.executablePath },
          firefoxUserPrefs,
        },
        async open(load, processesOf) {
          const before = new Set(pages(processesOf()).map(({ pid }) => pid))
          const page = await load()
          const own = pages(processesOf()).filter(({ pid }) => !before.has(pid))
          return {
            page,
            async kill() {
              if (own.length !== 1) throw new Error(`Of a tab of Firefox, ${own.length} processes were begun.`)
              await killAll(own)
            },
          }
        },
      }),
    async close() {},
  }
}

function pages(all: readonly Process[]): Process[] {
  return all.filter(({ name }) => name === 'Isolated Web Co')
}
