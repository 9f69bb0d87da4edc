import { type RunOutcome } from '@rejoin/core'
import { scriptedAgent, type ScriptedAgent, type Script, type ScriptStep } from '@rejoin/testkit'
import { type AgentContractSubject, type ContractAnswer, type ContractOutcome, type ContractPiece } from '@rejoin/testkit/contract'
import { holdMs, passHold } from './fakeHolds.ts'

/** An agent that plays a script on the clock. */
export const scriptedSubject: AgentContractSubject = {
  name: 'a scripted agent',
  can: {
    background: true,
    showsBackground: false,
    resume: true,
    poll: true,
    cancel: true,
    cancelWithoutToken: true,
    cancelStops: true,
    cancelIsFinal: true,
    sharesCancels: false,
    joinsStarts: true,
    bindsTokens: true,
    answersAtOnce: true,
    reasoning: true,
    progress: true,
    tools: true,
    incomplete: true,
    asks: true,
    answersOnce: false,
    converses: false,
    branches: false,
  },
  create(answer) {
    const script = scriptOf(answer)
    const agents: ScriptedAgent[] = []
    const create = (): ScriptedAgent => {
      const agent = scriptedAgent(script)
      agents.push(agent)
      return agent
    }
    return {
      agent: create(),
      again: create,
      started: () => agents.reduce((count, { started }) => count + started, 0),
      release: passHold,
      close() {},
    }
  },
}

function scriptOf({ pieces, outcome }: ContractAnswer): Script {
  return { steps: pieces.map(stepOf), outcome: outcomeOf(outcome) }
}

function stepOf(piece: ContractPiece): ScriptStep {
  switch (piece.type) {
    case 'ask':
      return { ask: { type: 'request', kind: 'input', id: piece.id, prompt: piece.prompt } }
    case 'hold':
      return { wait: holdMs }
    case 'tool': {
      const { id, name, output } = piece
      return { type: 'part', part: { type: 'tool', id, name, state: 'output-available', input: {}, output } }
    }
    default:
      return piece
  }
}

function outcomeOf({ type }: ContractOutcome): RunOutcome {
  switch (type) {
    case 'incomplete':
      return { type, reason: 'max_tokens' }
    case 'failed':
      return { type, code: 'agent_failed' }
    case 'completed':
      return { type }
  }
}
