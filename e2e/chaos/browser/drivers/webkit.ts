import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'
import { webkit } from '../../../../scripts/browsers.mjs'
import { type Browser, type Driver } from '../driver.ts'
import { family, killAll } from './processes.ts'
import { openSession, type WebDriverSession } from './webDriver.ts'

const capabilities = { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': {} }

/**
 * WebKitGTK. A driver of it has one session, so each browser has a driver. Its profiles are in memory: of a browser that is
 * killed nothing stays. And a session ends with the first of its tabs whose process dies.
 */
export async function webkitDriver(): Promise<Driver> {
  const screen = spawn(webkit.screenPath, ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const display = await firstLine(screen)
  const children = new Set([screen])
  const endAll = (): void => void [...children].map((child) => child.kill('SIGKILL'))
  process.once('exit', endAll)

  async function launch(): Promise<Browser> {
    const port = await freePort()
    const driver = spawn(webkit.driverPath, [`--port=${port}`, '--host=127.0.0.1'], {
      env: { ...process.env, DISPLAY: `:${display}`, GDK_BACKEND: 'x11' },
      stdio: 'ignore',
    })
    children.add(driver)

    async function end(): Promise<void> {
      // Where its session has broken, the browser stays behind.
      await killAll(family(({ pid }) => pid === driver.pid))
      children.delete(driver)
    }

    try {
      return browserOf(await sessionAt(`http://127.0.0.1:${port}`), end)
    } catch (error) {
      await end()
      throw error
    }
  }

  return {
    launch,
    async close() {
      process.off('exit', endAll)
      screen.kill()
      await once(screen, 'exit')
    },
  }
}

function browserOf(session: WebDriverSession, end: () => Promise<void>): Browser {
  return {
    async open(url) {
      const window = await session.newWindow()
      await session.navigate(window, url)
      return {
        evaluate: (expression) => session.evaluate(window, expression),
        reload: () => session.refresh(window),
        close: () => session.close(window),
      }
    },
    async close() {
      await session.end().catch(() => {})
      await end()
    },
  }
}

/** The driver takes a moment until it listens. */
async function sessionAt(url: string): Promise<WebDriverSession> {
  const until = Date.now() + 10_000
  while (!(await fetch(`${url}/status`).then(({ ok }) => ok, () => false))) {
    if (Date.now() > until) throw new Error('The driver of WebKitGTK does not listen.')
    await passed(20)
  }
  return await openSession(url, capabilities)
}

async function firstLine({ stdio }: ChildProcess): Promise<string> {
  const stream = stdio[3]
  if (!stream) throw new Error('The screen has no pipe to say its number.')
  const [said]: unknown[] = await once(stream, 'data')
  return String(said).trim()
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
