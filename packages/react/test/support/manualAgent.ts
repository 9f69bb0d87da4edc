import { RejoinError, splitToken, startCursor, streamOf, textOf, type Agent, type AgentRunOptions, type ChatMessage } from '@rejoin/core'
import { createManualRun, type ManualRun, type PlayableRun } from './manualRun.ts'

export interface ManualAgent extends Agent {
  readonly runs: readonly ManualRun[]
  /** The latest. */
  readonly latest: ManualRun
  readonly cancels: number
  /** What its method `run` was called with: starts and polls. */
  readonly polls: readonly AgentRunOptions[]
  /** What starts were called with. */
  readonly starts: readonly AgentRunOptions[]
  /** Every connection and stop is refused with it from now on; with `null`, none. */
  refuse(error: RejoinError | null): void
  /** From now on no stream is answered, or refused, until the function it gives back is called. */
  holdStreams(): () => void
  /** From now on the server does not confirm a stop, until the function it gives back is called. */
  holdStops(): () => void
}

/** An agent that a test plays by hand. */
export function manualAgent(): ManualAgent {
  const runs: PlayableRun[] = []
  const polls: AgentRunOptions[] = []
  const starts: AgentRunOptions[] = []
  let refusal: RejoinError | null = null
  let cancels = 0
  let stops = Promise.resolve()
  let streams = Promise.resolve()

  function find({ runId }: Pick<AgentRunOptions, 'runId'>): PlayableRun {
    if (refusal) throw refusal
    const run = runs.find(({ id }) => id === runId)
    if (run === undefined) throw new RejoinError('not_found')
    return run
  }

  function begin(message: ChatMessage | undefined, options: AgentRunOptions): void {
    if (refusal) throw refusal
    if (!message) return
    starts.push(options)
    if (!runs.some(({ id }) => id === options.runId)) runs.push(createManualRun(options.runId, textOf(message), message.parts))
  }

  return {
    runs,
    polls,
    starts,
    get latest() {
      const run = runs.at(-1)
      if (run === undefined) throw new Error('No run has been started.')
      return run
    },
    get cancels() {
      return cancels
    },
    refuse(error) {
      refusal = error
    },
    holdStreams() {
      const { promise, resolve } = Promise.withResolvers<void>()
      streams = promise
      return resolve
    },
    holdStops() {
      const { promise, resolve } = Promise.withResolvers<void>()
      stops = promise
      return resolve
    },
    async run([message], options) {
      polls.push(options)
      begin(message, options)
      return find(options).response()
    },
    runStreaming([message], options) {
      return streamOf(async function* () {
        await streams
        begin(message, options)
        const { continuationToken: token, signal } = options
        yield* find(options).leg(token ? splitToken(token).cursor : startCursor, signal)
      })
    },
    async cancel(options) {
      cancels += 1
      await stops
      const run = find(options)
      run.end({ type: 'cancelled' })
      return run.response()
    },
  }
}
