import { cursorOf, RejoinError, splitToken, streamOf } from '@rejoin/core'
import type { Agent, AgentCancelOptions, AgentResponse, AgentRunOptions, ChatMessage, Update, UpdateBatch } from '@rejoin/core'

/** One leg as the agent sees it; the test says what happens on it. */
interface Leg {
  readonly messages: readonly ChatMessage[]
  readonly options: AgentRunOptions
  /** The position in the token it was opened with. */
  readonly from: string | null
  send(...updates: Update[]): void
  /** Ends cleanly, without a terminal update. */
  close(): void
  fail(error: unknown): void
}

/** An agent moved by hand: the test sees each leg, poll and cancel as it comes and decides what it brings. */
export interface Puppet extends Agent {
  readonly legs: Leg[]
  readonly polls: AgentRunOptions[]
  readonly cancels: AgentCancelOptions[]
  onPoll: (options: AgentRunOptions) => Promise<AgentResponse>
  onCancel: (options: AgentCancelOptions) => Promise<AgentResponse>
  /** The leg opened last. */
  leg(): Leg
  handle: string | null
}

export const open = (elapsedMs = 0): Update => ({ type: 'open', cursor: cursorOf(0, 0), mode: 'tail', elapsedMs })
export const text = (n: number, delta: string): Update => ({ type: 'text', cursor: cursorOf(0, n), delta })
export const end = (n: number, type: 'completed' | 'cancelled' = 'completed'): Update => ({
  type: 'end',
  cursor: cursorOf(0, n),
  outcome: { type },
  elapsedMs: 1,
})

export function response(state: AgentResponse['state'], answer = ''): AgentResponse {
  const parts = answer === '' ? [] : [{ type: 'text' as const, text: answer }]
  return { runId: 'run', state, message: { id: 'run', role: 'assistant', parts }, continuationToken: null, elapsedMs: 1 }
}

export function puppetAgent(): Puppet {
  const puppet: Puppet = {
    legs: [],
    polls: [],
    cancels: [],
    handle: 'handle',
    leg() {
      const leg = puppet.legs.at(-1)
      if (!leg) throw new Error('No leg has been opened.')
      return leg
    },
    onPoll: async () => response({ type: 'working' }),
    onCancel: async () => response({ type: 'cancelled' }),
    async run(_messages, options) {
      puppet.polls.push(options)
      return await puppet.onPoll(options)
    },
    runStreaming(messages, options) {
      const queue: (UpdateBatch | { error: unknown } | 'closed')[] = []
      let ring = (): void => {}
      const put = (item: (typeof queue)[number]): void => {
        queue.push(item)
        ring()
      }
      const token = options.continuationToken
      puppet.legs.push({
        messages,
        options,
        from: token == null ? null : splitToken(token).cursor,
        send: (...updates) => put({ handle: puppet.handle, updates }),
        close: () => put('closed'),
        fail: (error) => put({ error }),
      })
      return streamOf(async function* () {
        while (true) {
          const item = queue.shift()
          if (item === 'closed') return
          if (item === undefined) {
            await new Promise<void>((resolve) => {
              ring = resolve
            })
          } else if ('error' in item) throw item.error
          else yield item
        }
      })
    },
    async cancel(options) {
      puppet.cancels.push(options)
      return await puppet.onCancel(options)
    },
  }
  return puppet
}

export const unreachable = (): RejoinError => new RejoinError('unreachable')
