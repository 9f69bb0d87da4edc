import { batchesOf, isClosing, isOutcome, splitToken, streamOf, userMessage, type Agent, type AgentResponse, type AgentRunOptions, type UpdateBatch } from '@rejoin/core'
import { traced } from '@rejoin/proxy/telemetry'
import { faultyAgent, scriptedAgent, seededRandom, type FaultyAgent, type Script, type SeededRandom } from '@rejoin/testkit'
import { decodings } from '@rejoin/testkit/contract'
import { expect, test } from 'vitest'
import { activeSpanId, idOf, recordSpans, textIn } from './telemetry/recorder.ts'

const recorder = recordSpans()
const { tracer } = recorder

/** `REJOIN_PLANS` plays more or fewer, `REJOIN_SEED` only the one. */
const plans = Number(process.env.REJOIN_PLANS ?? 1_000)
const only = process.env.REJOIN_SEED

// Nothing of this may be in a span.
const asked = 'Zanzibar'
const answered = 'quokka'
const thought = 'marmalade'
const conversation = 'periwinkle-1f2e3d'

function scriptOf(random: SeededRandom): Script {
  const steps: Script['steps'][number][] = []
  for (let at = random.int(1, 12); at > 0; at -= 1) {
    steps.push(
      random.pick<Script['steps'][number]>([
        `${answered} ${at} `,
        { type: 'reasoning', delta: `${thought} ` },
        { type: 'progress', step: { id: `s${at}`, label: thought, state: 'done' } },
        { type: 'part', part: { type: 'tool', id: `t${at}`, name: 'look', state: 'output-available', input: { asked }, output: answered } },
        { cut: true },
        { endOfStream: true },
      ]),
    )
  }
  return { steps, outcome: random.pick([{ type: 'completed' }, { type: 'completed' }, { type: 'failed', code: 'agent_failed' }, { type: 'incomplete', reason: 'max_tokens' }]) }
}

/** Makes a span of its own whenever it is asked, and says what the next turn goes on from. */
function probed(agent: Agent): Agent {
  return {
    ...agent,
    runStreaming(messages, options) {
      async function* batches(): AsyncGenerator<UpdateBatch> {
        for await (const { handle, updates } of batchesOf(agent.runStreaming(messages, options))) {
          tracer.startSpan('inside').end()
          // One at a time, so that a reader can leave between any two.
          for (const update of updates) yield { handle, updates: [isClosing(update) ? { ...update, conversation } : update] }
        }
      }
      return streamOf(batches)
    },
    async run(messages, options) {
      tracer.startSpan('inside').end()
      return { ...(await agent.run(messages, options)), conversation }
    },
  }
}

interface Played {
  /** Legs that were begun. */
  readonly legs: number
  readonly tokens: ReadonlySet<string>
  readonly faults: readonly string[]
}

type Way = 'read' | 'leave' | 'leave unread' | 'throw' | 'abort' | 'aborted' | 'stall' | 'cut' | 'offline' | 'poll' | 'cancel'

const ways: readonly Way[] = ['read', 'leave', 'leave', 'leave unread', 'throw', 'abort', 'aborted', 'stall', 'cut', 'offline', 'poll', 'cancel']

/** Reads a run to its end, and has something go wrong again and again. */
async function play(agent: Agent, network: FaultyAgent, random: SeededRandom, runId: string): Promise<Played> {
  const run: AgentRunOptions = { runId, session: `session of ${runId}`, background: true }
  const messages = [userMessage(`Where is the ${asked} ledger?`)]
  const tokens = new Set<string>()
  const faults: string[] = []
  let legs = 0
  let token: string | null = null
  let over = false
  let way: Way = 'read'

  function note(next: string | null): void {
    if (next === null) return
    token = next
    tokens.add(next)
  }

  function take(response: AgentResponse): void {
    note(response.continuationToken)
    over = isOutcome(response.state)
  }

  async function stream(): Promise<void> {
    const aborting = new AbortController()
    if (way === 'aborted') aborting.abort()
    const options = { ...run, signal: aborting.signal }
    const updates = token === null ? agent.runStreaming(messages, options) : agent.runStreaming([], { ...options, continuationToken: token })
    const iterator = updates[Symbol.asyncIterator]()
    if (way === 'leave unread') {
      await iterator.return?.()
      return
    }
    legs += 1
    if (way === 'offline') network.setFaults({ offline: true })
    for (let left = way === 'read' ? Infinity : random.int(0, 8); ; left -= 1) {
      const pull = iterator.next()
      if (left === 0 && way === 'stall') {
        network.setFaults({ stalled: true })
        void pull.catch(() => {})
        void iterator.next().catch(() => {})
        aborting.abort()
        return
      }
      if (left === 0 && way === 'cut') network.cut()
      if (left === 0 && way === 'abort') aborting.abort()
      const { done, value } = await pull
      if (activeSpanId() !== null) faults.push('The context of a leg has reached its reader.')
      if (done) return
      note(value.continuationToken)
      over ||= isClosing(value)
      if (left <= 0 && way === 'leave') {
        await iterator.return?.()
        return
      }
      if (left <= 0 && way === 'throw') throw new Error(answered)
    }
  }

  async function step(): Promise<void> {
    if (way === 'poll' || way === 'cancel') {
      legs += 1
      if (way === 'cancel') take(await agent.cancel({ ...run, continuationToken: token }))
      else take(await (token === null ? agent.run(messages, run) : agent.run([], { ...run, continuationToken: token })))
    } else if (way === 'throw') {
      await throwing()
    } else {
      await stream()
    }
  }

  /** As a loop does whose body throws. */
  async function throwing(): Promise<void> {
    legs += 1
    const updates = token === null ? agent.runStreaming(messages, run) : agent.runStreaming([], { ...run, continuationToken: token })
    for await (const update of updates) {
      note(update.continuationToken)
      over ||= isClosing(update)
      if (random.chance(0.5)) throw new Error(answered)
    }
  }

  for (let at = 0; at < 40 && !over; at += 1) {
    way = at < 30 ? random.pick(ways) : 'read'
    // Rarely: it ends the run.
    if (way === 'cancel' && random.chance(0.8)) way = 'poll'
    await step().catch(() => {})
    if (recorder.open() > 0) faults.push(`After ${way} ${recorder.open()} spans are open.`)
    network.setFaults({ offline: false, stalled: false })
  }
  if (!over) faults.push('The run has not come to its end.')
  return { legs, tokens, faults }
}

/** What is wrong with the spans of one run. */
function wrongIn({ legs, tokens, faults }: Played): string[] {
  const spans = recorder.spans()
  const own = spans.filter(({ name }) => name !== 'inside')
  const ids = new Set(own.map(idOf))
  const wrong = [...faults]
  if (own.length !== legs) wrong.push(`${legs} legs have ${own.length} spans.`)
  if (own.some(({ parentSpanContext }) => parentSpanContext !== undefined)) wrong.push('A leg is below another.')
  const strays = spans.filter(({ name, parentSpanContext }) => name === 'inside' && !ids.has(parentSpanContext?.spanId ?? null))
  if (strays.length > 0) wrong.push(`${strays.length} spans of the agent are below no leg.`)
  const links = new Set(own.flatMap(({ links: to }) => to.map(({ context }) => context.spanId)))
  if ([...links].some((id) => !ids.has(id))) wrong.push('A link goes to a span of another run.')
  // The agent's own handle stands behind the one of the wrapper.
  const handles = new Set([...tokens].map((token) => splitToken(token).handle.replace(/^.*~/, '')))
  const told = spans.flatMap(textIn).join('\n')
  if ([...handles].some((handle) => told.includes(handle))) wrong.push('A span tells a token.')
  return wrong
}

test(`a traced agent has one span for each leg, ended once, with nothing of what is said, over ${plans} disturbed runs (row 18)`, { timeout: 120_000 }, async () => {
  const seeds = only === undefined ? Array.from({ length: plans }, (_, at) => at + 1) : [Number(only)]
  const wrong: string[] = []
  const texts = new Set<string>()
  let legs = 0
  for (const seed of seeds) {
    const random = seededRandom(seed)
    const network = faultyAgent(probed(scriptedAgent(scriptOf(random))))
    const played = await play(traced(network, { name: 'Support', tracer }), network, random, crypto.randomUUID())
    wrong.push(...wrongIn(played).map((what) => `seed ${seed}: ${what}`))
    legs += played.legs
    for (const text of recorder.spans().flatMap(textIn)) texts.add(text)
    recorder.clear()
  }
  expect(wrong).toEqual([])
  expect(legs).toBeGreaterThan(seeds.length)

  const secrets = [asked, answered, thought, conversation].map((word) => word.toLowerCase())
  const told = [...texts].filter((text) => {
    const said = [...decodings(text)].map((decoded) => decoded.toLowerCase())
    return said.some((decoded) => secrets.some((secret) => decoded.includes(secret)))
  })
  expect(told).toEqual([])
})
