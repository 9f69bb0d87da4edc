import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { freePort } from '../exampleServer.ts'
import { applyChange } from './applyChange.ts'
import { readPage, type Step } from './page.ts'
import { runToEnd, startProgram, type Program } from './program.ts'
import { tarballs } from './tarballs.ts'
import { asOf, pinned } from './versions.ts'

/** What a page comes to when somebody has followed its every block, in a directory outside of the repository. */
export interface FreshApp {
  /** Takes the place of the one that the page names. */
  readonly port: number
  /** Runs a command in it. @returns what it said */
  run(command: string): Promise<string>
  /** Starts a server as the page says, with further parameters, and waits until it listens on `port`, by default the app's. */
  start(command: string, options?: { port?: number; parameters?: string }): Promise<Program>
  remove(): void
}

/** What the tests start themselves: servers, which do not end, and the build. */
const left = /^(npm run (dev|build)|npm start|node .*\.ts)$/
/** The port that the pages name. */
const portOfPages = '8787'

/** @param name of the page in `docs` */
export async function freshApp(name: string): Promise<FreshApp> {
  const page = readPage(name)
  const appPort = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-install-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const env = environment(folder)
  let cwd = join(folder, 'work')

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(cwd, path)), { recursive: true })
    writeFileSync(join(cwd, path), text.replaceAll(portOfPages, String(appPort)))
  }

  async function follow(step: Step): Promise<void> {
    if (step.type === 'file') return write(step.path, step.text)
    if (step.type === 'change') return write(step.path, applyChange(readFileSync(join(cwd, step.path), 'utf8'), step.text))
    for (const line of step.lines) {
      const into = /^cd (\S+)$/.exec(line)?.[1]
      if (into !== undefined) cwd = join(cwd, into)
      else if (!left.test(line)) await runToEnd(pinned(line, tarballs()), { cwd, env })
    }
  }

  try {
    mkdirSync(cwd)
    for (const step of page.steps) await follow(step)
  } catch (error) {
    remove()
    throw error
  }
  const says = (command: string): boolean => page.steps.some((step) => step.type === 'commands' && step.lines.includes(command))
  return {
    port: appPort,
    run: (command) => runToEnd(command, { cwd, env }),
    async start(command, { port = appPort, parameters = '' } = {}) {
      if (!says(command)) throw new Error(`docs/${name} does not say: ${command}`)
      return await startProgram(`${command} ${parameters}`, { cwd, env, port })
    },
    remove() {
      process.off('exit', remove)
      remove()
    },
  }
}

/** That of somebody who has nothing of this repository, and keeps nothing when it is over. */
function environment(folder: string): NodeJS.ProcessEnv {
  const repository = join(import.meta.dirname, '../..')
  const ours = /^(npm_|pnpm_|INIT_CWD$|NODE_(ENV|OPTIONS|PATH)$|FORCE_COLOR$|OPENAI_|REJOIN_)/i
  const registry = /^npm_config_(registry|userconfig|cafile|(https?_|no_?)?proxy)$/i
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name) || registry.test(name))
  return {
    ...Object.fromEntries(kept),
    PATH: process.env.PATH?.split(delimiter).filter((path) => !path.startsWith(repository)).join(delimiter),
    CI: 'true',
    NO_COLOR: '1',
    NEXT_TELEMETRY_DISABLED: '1',
    XDG_CONFIG_HOME: join(folder, 'config'),
    npm_config_before: asOf,
    npm_config_cache: join(folder, 'cache'),
    npm_config_yes: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  }
}
