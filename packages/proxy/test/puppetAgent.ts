import {
  cursorOf,
  streamOf,
  type Agent,
  type AgentCancelOptions,
  type AgentResponse,
  type AgentRunOptions,
  type ChatMessage,
  type EndUpdate,
  type PauseReason,
  type PauseUpdate,
  type RunOutcome,
  type Update,
  type UpdateBatch,
} from '@rejoin/core'

/** One stream as the agent sees it; the test says what comes on it. */
interface PuppetLeg {
  readonly messages: readonly ChatMessage[]
  readonly options: AgentRunOptions
  readonly signal: AbortSignal
  /** How often the proxy has asked for a batch. */
  asked: number
  send(handle: string | null, ...updates: Update[]): void
  /** Ends cleanly, without a terminal update. */
  close(): void
  fail(error: unknown): void
}

/** An agent moved by hand. */
export interface Puppet extends Agent {
  readonly legs: PuppetLeg[]
  readonly runs: { messages: readonly ChatMessage[]; options: AgentRunOptions }[]
  readonly cancels: AgentCancelOptions[]
  onRun: (options: AgentRunOptions) => Promise<AgentResponse>
  onCancel: (options: AgentCancelOptions) => Promise<AgentResponse>
  /** Leg number `at`, as soon as the proxy reads it. */
  leg(at?: number): Promise<PuppetLeg>
}

export const open = (elapsedMs = 0): Update => ({ type: 'open', cursor: cursorOf(0, 0), mode: 'tail', elapsedMs })
export const text = (n: number, delta: string): Update => ({ type: 'text', cursor: cursorOf(0, n), delta })
export const end = (n: number, outcome: RunOutcome = { type: 'completed' }): EndUpdate => ({
  type: 'end',
  cursor: cursorOf(0, n),
  outcome,
  elapsedMs: 1,
})

export const pause = (n: number, reason: PauseReason = 'input'): PauseUpdate => ({
  type: 'pause',
  cursor: cursorOf(0, n),
  reason,
  elapsedMs: 1,
})

export function response(runId: string, state: AgentResponse['state'], continuationToken: string | null): AgentResponse {
  return { runId, state, message: { id: runId, role: 'assistant', parts: [] }, continuationToken, elapsedMs: 1 }
}

export function puppetAgent(): Puppet {
  const waiting: (() => void)[] = []
  const puppet: Puppet = {
    legs: [],
    runs: [],
    cancels: [],
    onRun: async ({ runId, continuationToken = null }) => response(runId, { type: 'working' }, continuationToken),
    onCancel: async ({ runId }) => response(runId, { type: 'cancelled' }, null),
    async leg(at = 0) {
      while (puppet.legs[at] === undefined) await new Promise<void>((resolve) => waiting.push(resolve))
      return puppet.legs[at]
    },
    async run(messages, options) {
      puppet.runs.push({ messages, options })
      return await puppet.onRun(options)
    },
    runStreaming(messages, options) {
      return streamOf(() => {
        const leg = createLeg(messages, options)
        puppet.legs.push(leg)
        for (const resolve of waiting.splice(0)) resolve()
        return leg.batches()
      })
    },
    async cancel(options) {
      puppet.cancels.push(options)
      return await puppet.onCancel(options)
    },
  }
  return puppet
}

type Sent = UpdateBatch | 'closed' | { readonly error: unknown }

function createLeg(
  messages: readonly ChatMessage[],
  options: AgentRunOptions,
): PuppetLeg & { batches(): AsyncIterable<UpdateBatch> } {
  const { signal } = options
  if (!signal) throw new Error('A leg has been opened without a signal.')
  const sent: Sent[] = []
  let wake = (): void => {}
  const push = (next: Sent): void => {
    sent.push(next)
    wake()
  }
  const leg = {
    messages,
    options,
    signal,
    asked: 0,
    send: (handle: string | null, ...updates: Update[]): void => push({ handle, updates }),
    close: (): void => push('closed'),
    fail: (error: unknown): void => push({ error }),
    async *batches(): AsyncGenerator<UpdateBatch> {
      while (true) {
        leg.asked += 1
        while (sent.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
          signal.throwIfAborted()
        }
        const next = sent.shift()
        if (next === undefined || next === 'closed') return
        if ('error' in next) throw next.error
        yield next
      }
    },
  }
  return leg
}
