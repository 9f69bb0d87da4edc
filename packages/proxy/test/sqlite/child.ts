// A process of its own on a store, to be killed. Says on its output, a line each, what it has done.
import { openSync, writeSync } from 'node:fs'
import { startCursor, userMessage } from '@rejoin/core'
import { backgroundAgent } from '@rejoin/proxy'
import { sqliteStore } from '@rejoin/proxy/sqlite'
import { counting, run, travelling } from './counting.ts'

const [task = '', file = ''] = process.argv.slice(2)
const store = sqliteStore({ file })
const { log, registry } = store
const say = (line: unknown): void => void process.stdout.write(`${String(line)}\n`)
const holder = 'child'

const tasks: Record<string, () => Promise<void>> = {
  /** Appends three entries at a time, and says how many appends are acknowledged; in a file too, since a pipe may be full. */
  async append() {
    const said = openSync(`${file}-acknowledged`, 'w')
    await log.create('run', { lease: { holder, ms: 600_000 }, asked: { session: 'support', messages: [userMessage('Hello?')], previous: null } })
    for (let n = 1; ; n += 1) {
      const entries = [1, 2, 3].map((k) => ({ type: 'text', delta: `${n}.${k} ` }) as const)
      await log.append('run', entries, { holder, checkpoint: n })
      writeSync(said, `${n}\n`)
      say(n)
    }
  },
  /** Stands still with two runs in its hands, and says what it can still write of the first when it goes on. */
  async hold() {
    await log.create('run', { lease: { holder, ms: 100 } })
    await log.create('longer', { lease: { holder, ms: 600_000 } })
    say('held')
    process.kill(process.pid, 'SIGSTOP')
    say(await log.append('run', [{ type: 'text', delta: 'late' }], { holder }))
    say(await log.hold('run', { holder, ms: 100 }))
  },
  /** Takes a run, and never comes to start it. */
  async begin() {
    say((await registry.begin({ user: 'ada', runId: 'run-0001', session: 'support' }, { maxRunsPerCaller: 1, again: true })).type)
    setInterval(() => {}, 1_000)
  },
  /** Says the text of a run that never ends. */
  async agent() {
    const agent = backgroundAgent(counting({ until: 3 }), { log, afterRestart: 'repeats' })
    for await (const update of agent.runStreaming([userMessage('Count!')], run)) if (update.type === 'text') say(update.delta)
  },
  /** Asks, and waits with a generator that can be called again. */
  async ask() {
    const agent = backgroundAgent(travelling('the child'), { log, afterRestart: 'repeats' })
    for await (const update of agent.runStreaming([userMessage('A trip!')], run)) say(update.type)
  },
  /** The same with one that can not. */
  async askOnce() {
    const agent = backgroundAgent(travelling('the child'), { log })
    for await (const update of agent.runStreaming([userMessage('A trip!')], run)) say(update.type)
  },
  /** Waits for what never comes, and has nothing else to do. */
  async wait() {
    await log.create('run')
    await registry.begin({ user: null, runId: 'run-0001', session: 'support' }, { maxRunsPerCaller: 1, again: false })
    const settled = registry.settled({ user: null, runId: 'run-0001' }, { signal: AbortSignal.timeout(60_000), again: false })
    const next = log.read('run', startCursor)[Symbol.asyncIterator]().next()
    say('waiting')
    await Promise.race([settled, next])
  },
}

await tasks[task]?.()
