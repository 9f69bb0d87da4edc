import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import {
  handlerFetch,
  responsesEmulator,
  type ResponsesOutcome,
  type ResponsesProfile,
  type ResponsesRequest,
  type ResponsesScript,
} from '@rejoin/testkit'
import { type AgentContractSubject, type ContractAbilities, type ContractAnswer, type ContractOutcome } from '@rejoin/testkit/contract'
import { holdMs, passHold } from './fakeHolds.ts'

const provider: ContractAbilities = {
  background: true,
  showsBackground: true,
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
  reasoning: true,
  progress: true,
  tools: true,
  incomplete: true,
  asks: true,
  answersOnce: false,
  converses: true,
  branches: true,
}

const differences: Partial<Record<ResponsesProfile, Partial<ContractAbilities>>> = {
  azure: { cancelStops: false, cancelIsFinal: false },
  foreground: { background: false, resume: false, poll: false, cancel: false },
}

/** A model behind a Responses API, of a server like this one. */
export function openAISubject(profile: ResponsesProfile): AgentContractSubject {
  return {
    name: `an OpenAI Responses agent (${profile})`,
    can: { ...provider, ...differences[profile] },
    create(answer) {
      const emulator = responsesEmulator({ profile, answer: (request) => scriptOf(turnOf(answer, request)) })
      const create = () =>
        openAIResponsesAgent({
          apiKey: 'sk-test',
          model: 'o3',
          baseURL: 'http://api.test/v1',
          fetch: handlerFetch(emulator.handler),
          poll: { intervalMs: 5, capMs: 5 },
          // Servers that hang are found out by their silence, and an answer that stands still is silent too.
          ...(answer.outcome.type !== 'completed' && { stallMs: 100 }),
        })
      return {
        agent: create(),
        again: create,
        started: () => emulator.responses.length,
        background: () => emulator.responses.at(-1)?.request.background ?? false,
        heard: () => heardBy(emulator.responses.at(-1)?.request),
        release: passHold,
        close() {},
      }
    },
  }
}

function heardBy(request: ResponsesRequest | undefined): string[] {
  const messages = request ? [...request.history, ...request.input] : []
  return messages.flatMap(({ role, content }) => (role === 'user' && Array.isArray(content) ? content.map(({ text }) => String(text)) : []))
}

/** Up to its question, or what follows the decision. */
function turnOf({ pieces, outcome }: ContractAnswer, { input }: ResponsesRequest): ContractAnswer {
  const at = pieces.findIndex(({ type }) => type === 'ask')
  if (at === -1) return { pieces, outcome }
  const decided = input.some(({ type, approve }) => type === 'mcp_approval_response' && approve === true)
  return decided ? { pieces: pieces.slice(at + 1), outcome } : { pieces: pieces.slice(0, at + 1), outcome: { type: 'completed' } }
}

type ScriptedOutput = ResponsesScript['output'][number]

type Written = { type: 'text' | 'reasoning'; deltas: (string | { wait: number })[] }

function scriptOf({ pieces, outcome }: ContractAnswer): ResponsesScript {
  const output: ScriptedOutput[] = []
  let written: Written | null = null

  /** Pieces of one kind that follow each other are of the same item. */
  function write(type: Written['type']): Written {
    if (written?.type === type) return written
    written = { type, deltas: [] }
    const { deltas } = written
    output.push(type === 'text' ? { type: 'message', text: deltas } : { type, summary: [deltas] })
    return written
  }

  function put(item: ScriptedOutput): void {
    written = null
    output.push(item)
  }

  for (const piece of pieces) {
    switch (piece.type) {
      case 'text':
      case 'reasoning':
        write(piece.type).deltas.push(piece.delta)
        break
      case 'hold':
        write('text').deltas.push({ wait: holdMs })
        break
      case 'tool':
        put({ type: 'mcpCall', server: 'burrows', name: piece.name, arguments: '{}', output: piece.output })
        break
      case 'ask':
        put({ type: 'mcpApprovalRequest', server: 'burrows', name: piece.id, arguments: '{}' })
        break
      case 'progress':
        // An item is a step that begins and is done.
        if (piece.step.state === 'active') put({ type: 'webSearch', query: piece.step.label })
    }
  }
  return { output, outcome: outcomeOf(outcome) }
}

function outcomeOf(outcome: ContractOutcome): ResponsesOutcome {
  switch (outcome.type) {
    case 'completed':
      return { status: 'completed' }
    case 'incomplete':
      return { status: 'incomplete', reason: 'max_output_tokens' }
    case 'failed':
      return { status: 'failed', code: 'server_error', message: outcome.words }
  }
}
