import { textOf, type Agent } from '@rejoin/core'
import { backgroundAgent, memoryEventLog, type AgentGenerator, type BackgroundAgentOptions, type GeneratorContext, type GeneratorItem } from '@rejoin/proxy'
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
  reasoning: true,
  progress: true,
  tools: true,
  incomplete: true,
  asks: true,
  answersOnce: true,
  converses: true,
  branches: true,
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
      let heard: readonly string[] = []
      const generator: AgentGenerator = (context) => {
        started += 1
        heard = context.messages.filter(({ role }) => role === 'user').map(textOf)
        return play(answer, holds, context)
      }
      const create = () => shared.create(generator, { maxRunBytes, onError() {} })
      return {
        agent: create(),
        again: create,
        started: () => started,
        heard: () => heard,
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
async function* play({ pieces, outcome }: ContractAnswer, holds: Holds, { ask }: GeneratorContext): AsyncGenerator<GeneratorItem> {
  const pass = holds.enter()
  for (const piece of pieces) {
    if (piece.type === 'hold') await pass()
    else if (piece.type === 'ask') await ask({ kind: 'input', prompt: piece.prompt })
    else yield itemOf(piece)
  }
  if (outcome.type === 'failed') throw new Error(outcome.words)
  if (outcome.type === 'incomplete') yield 'x'.repeat(maxRunBytes)
}

function itemOf(piece: Exclude<ContractPiece, { type: 'hold' | 'ask' }>): GeneratorItem {
  if (piece.type === 'text') return piece.delta
  if (piece.type !== 'tool') return piece
  const { id, name, output } = piece
  return { type: 'part', part: { type: 'tool', id, name, state: 'output-available', input: {}, output } }
}
