import {
  userMessage,
  type Agent,
  type AgentResponse,
  type AgentRunOptions,
  type ChatMessage,
} from '@rejoin/core'
import { createLeg, emptyRun, type Leg, type Place } from './leg.ts'
import { type Patience } from './patience.ts'
import { question } from './plans.ts'
import { type ContractAbilities, type ContractAnswer, type ContractWorld } from './subject.ts'

/** What a case works with. */
export interface Bench extends Patience {
  readonly can: ContractAbilities
  readonly world: ContractWorld
  readonly answer: ContractAnswer
  /** A run that nobody has asked for yet, in a session of its own. */
  newRun(): BenchRun
}

export interface BenchRun {
  readonly runId: string
  readonly session: string
  readonly messages: readonly ChatMessage[]
  /** Starts it, with a stream. */
  start(options?: Partial<AgentRunOptions>): Leg
  /** Starts it, without one. */
  ask(options?: Partial<AgentRunOptions>): Promise<AgentResponse>
  /** Another run of its session: the turn after it. */
  next(message: ChatMessage, conversation?: string): BenchRun
  /** The same, with what answers the question of this one. */
  answeredBy(message: ChatMessage, conversation?: string): BenchRun
  /** Goes on with it. */
  resume(from: Place, agent?: Agent): Leg
  poll(token: string | null, agent?: Agent): Promise<AgentResponse>
  /** Polls until it has ended, with the token of the answer before. */
  pollToEnd(token: string, agent?: Agent): Promise<AgentResponse>
  cancel(token: string | null, agent?: Agent): Promise<AgentResponse>
}

export interface BenchOptions {
  can: ContractAbilities
  world: ContractWorld
  answer: ContractAnswer
  patience: Patience
}

export function createBench({ can, world, answer, patience }: BenchOptions): Bench {
  const { soon, until } = patience

  function newRun(): BenchRun {
    return benchRun(`session of ${crypto.randomUUID()}`, userMessage(question), {})
  }

  function benchRun(session: string, message: ChatMessage, turn: Pick<AgentRunOptions, 'conversation' | 'answers'>): BenchRun {
    const runId = crypto.randomUUID()
    const ids = { runId, session }
    const messages = [message]

    async function poll(token: string | null, agent: Agent = world.agent): Promise<AgentResponse> {
      return await soon(agent.run([], { ...ids, continuationToken: token }), 'a poll')
    }

    return {
      ...ids,
      messages,
      start(options) {
        const stream = world.agent.runStreaming(messages, { ...ids, ...turn, background: can.background, ...options })
        return createLeg({ stream, base: emptyRun(runId), name: 'the stream', patience })
      },
      ask: (options) => world.agent.run(messages, { ...ids, ...turn, background: can.background, ...options }),
      next: (next, conversation) => benchRun(session, next, { conversation }),
      answeredBy: (answer, conversation) => benchRun(session, answer, { conversation, answers: runId }),
      resume({ token, run }, agent = world.agent) {
        const stream = agent.runStreaming([], { ...ids, continuationToken: token })
        return createLeg({ stream, base: run, name: 'the resumed stream', patience })
      },
      poll,
      async pollToEnd(first, agent) {
        let response = await poll(first, agent)
        await until(async () => {
          const { continuationToken: token } = response
          if (token !== null) response = await poll(token, agent)
          return token === null
        }, 'polling until there is no token')
        return response
      },
      cancel: (token, agent = world.agent) => soon(agent.cancel({ ...ids, continuationToken: token }), 'a cancel'),
    }
  }

  return { can, world, answer, newRun, soon, until }
}
