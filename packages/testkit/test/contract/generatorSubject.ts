import { type Agent } from '@rejoin/core'
import { backgroundAgent, memoryEventLog, type AgentGenerator, type BackgroundAgentOptions, type GeneratorItem } from '@rejoin/proxy'
import { type AgentContractSubject, type ContractAnswer, type ContractPiece } from '@rejoin/testkit/contract'
import { createHolds, type Holds } from './holds.ts'

const maxRunBytes = 4 * 1024 * 1024

const can: AgentContractSubject['can'] = {
  background: true,
  showsBackground: false,
  resume: true,
  poll: true,
  cancel: true,
  cancelWithoutToken: true,
  cancelStops: true,
  cancelIsFinal: true,
  sharesCancels: true,
  joinsStarts: true,
  bindsTokens: true,
  answersAtOnce: true,
  reasoning: false,
  progress: true,
  tools: false,
  incomplete: true,
  asks: false,
  converses: false,
  branches: false,
}

/** Agents whose runs are kept in one place. */
export interface SharedLog {
  /** One more of them. */
  create(generator: AgentGenerator, options: BackgroundAgentOptions): Agent
  close(): Promise<void>
}

/** An agent written as an async generator, which works in this process. */
export const generatorSubject: AgentContractSubject = generatorOn('a generator agent', () => {
  const log = memoryEventLog()
  return { create: (generator, options) => backgroundAgent(generator, { ...options, log }), close: async () => {} }
})

/** One whose runs are in a log of another kind. */
export function generatorOn(name: string, share: () => SharedLog): AgentContractSubject {
  return {
    name,
    can,
    create(answer) {
      const holds = createHolds()
      const shared = share()
      let started = 0
      const generator: AgentGenerator = () => {
        started += 1
        return play(answer, holds)
      }
      const create = () => shared.create(generator, { maxRunBytes, onError() {} })
      return {
        agent: create(),
        again: create,
        started: () => started,
        release: holds.release,
        async close() {
          holds.close()
          await shared.close()
        },
      }
    },
  }
}

/** Goes on when it is cancelled, as an agent does that does not look at its signal. */
async function* play({ pieces, outcome }: ContractAnswer, holds: Holds): AsyncGenerator<GeneratorItem> {
  const pass = holds.enter()
  for (const piece of pieces) {
    if (piece.type === 'hold') await pass()
    else yield itemOf(piece)
  }
  if (outcome.type === 'failed') throw new Error(outcome.words)
  if (outcome.type === 'incomplete') yield 'x'.repeat(maxRunBytes)
}

function itemOf(piece: Exclude<ContractPiece, { type: 'hold' }>): GeneratorItem {
  if (piece.type === 'text') return piece.delta
  if (piece.type === 'progress') return piece
  throw new Error(`A generator agent can not give a piece of the type ${piece.type}.`)
}
