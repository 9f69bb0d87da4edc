import { a2aAgent } from '@rejoin/proxy/a2a'
import { a2aServer, type A2aOutcome, type A2aRequest, type A2aStep, type A2aTaskScript } from '@rejoin/testkit/a2a'
import { type AgentContractSubject, type ContractAnswer, type ContractOutcome } from '@rejoin/testkit/contract'
import { createHolds } from './holds.ts'

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
  joinsStarts: false,
  bindsTokens: false,
  answersAtOnce: true,
  reasoning: false,
  progress: true,
  tools: false,
  incomplete: false,
  asks: true,
  answersOnce: false,
  converses: true,
  branches: false,
}

/** An agent behind a server of the official A2A SDK, with a task store as slow as that, over real HTTP. */
export function a2aSubject(storeMs: number, streaming = true): AgentContractSubject {
  const store = { loadMs: storeMs, saveMs: storeMs }
  return {
    name: `an A2A agent (${streaming ? 'streaming' : 'polled'}, store of ${storeMs} ms)`,
    // What is kept in 50 ms is not kept by a slow store.
    can: { ...can, answersAtOnce: streaming && storeMs === 0 },
    async create(answer) {
      const holds = createHolds()
      const server = await a2aServer({ script: () => scriptOf(answer, holds.enter()), store, streaming })
      const create = () => a2aAgent({ url: server.cardUrl, poll: { intervalMs: 5, capMs: 20 } })
      return {
        agent: create(),
        again: create,
        started: server.started,
        heard: () => heardBy(server.requests),
        release: holds.release,
        async close() {
          holds.close()
          await server.close()
        },
      }
    },
  }
}

/** The messages of one context: that of the last of them. */
function heardBy(requests: readonly A2aRequest[]): string[] {
  const messages = requests.filter(({ method }) => method.startsWith('Send')).map(({ params }) => JSON.parse(JSON.stringify(params)).message)
  const contextId: unknown = messages.at(-1)?.contextId
  return messages.filter((message) => message.contextId === contextId).map(({ parts }) => String(parts[0].text))
}

function scriptOf({ pieces, outcome }: ContractAnswer, pass: () => Promise<void>): A2aTaskScript {
  const steps = pieces.flatMap((piece): A2aStep[] => {
    switch (piece.type) {
      case 'text':
        return [{ type: 'artifact', id: 'answer', parts: [piece.delta] }]
      case 'hold':
        return [{ type: 'wait', until: pass }]
      case 'ask':
        return [{ type: 'ask', state: 'input_required', parts: [piece.prompt] }]
      case 'progress':
        // Done with the next one, or with the task.
        return piece.step.state === 'active' ? [{ type: 'status', text: piece.step.label }] : []
      default:
        throw new Error(`An A2A agent can not give a piece of the type ${piece.type}.`)
    }
  })
  return { steps, outcome: outcomeOf(outcome) }
}

function outcomeOf(outcome: ContractOutcome): A2aOutcome {
  switch (outcome.type) {
    case 'completed':
      return { type: 'completed' }
    case 'incomplete':
      throw new Error('An A2A task is never incomplete.')
    case 'failed':
      return { type: 'failed', error: outcome.words }
  }
}
