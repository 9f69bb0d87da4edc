import { type ContractAbilities, type ContractAnswer, type ContractPiece } from './subject.ts'

/** Words that stand nowhere but in the question and the answers. */
export const question = 'Whither wanders the wombat?'
export const questionWords: readonly string[] = ['Whither', 'wanders', 'wombat']
export const answerWord = 'marzipan'
export const secretWords = 'upstream says: the vault of Gringotts is at 10.0.0.7'

const completed = { type: 'completed' } as const

/** What goes wrong in transport, if anything does. */
const awkward = ['“quoted” and "plain"', '\n\n', '漢字かな', '🙂👩‍👩‍👧', 'data: {"a":1}\n', '\\u0041\\', '<b>&amp;</b>', ' ']

/** Text in so many pieces, each of them different. */
export function textPieces(count: number): ContractPiece[] {
  return Array.from({ length: count }, (_, at) => {
    const extra = awkward[(at / 3) % awkward.length] ?? ''
    return { type: 'text', delta: `${answerWord}-${at} ${extra}` }
  })
}

/** Every kind of piece that the agent can give, and text; so many in all. */
export function longAnswer(can: ContractAbilities, count = 60): ContractAnswer {
  const thoughts: ContractPiece[] = can.reasoning
    ? Array.from({ length: 6 }, (_, at) => ({ type: 'reasoning', delta: `thought ${at}; ` }))
    : []
  const reading = can.progress ? step('read', 'Reading') : []
  const writing = can.progress ? step('write', 'Writing') : []
  const tool: ContractPiece[] = can.tools ? [{ type: 'tool', id: 'dig', name: 'dig', output: 'a burrow' }] : []
  const others = thoughts.length + reading.length + writing.length + tool.length
  const text = textPieces(count - others)
  return {
    pieces: [
      ...reading,
      ...thoughts,
      ...text.slice(0, 7),
      ...tool,
      ...text.slice(7, 27),
      ...writing,
      ...text.slice(27),
    ],
    outcome: completed,
  }
}

function step(id: string, label: string): ContractPiece[] {
  return [
    { type: 'progress', step: { id, label, state: 'active' } },
    { type: 'progress', step: { id, label, state: 'done' } },
  ]
}

export function shortAnswer(outcome: ContractAnswer['outcome'] = completed): ContractAnswer {
  return { pieces: textPieces(4), outcome }
}

/** Stands still between two of its text pieces, about in the middle. */
export function held({ pieces, outcome }: ContractAnswer): ContractAnswer {
  const middle = Math.floor(pieces.length / 2)
  const at = pieces.findIndex(({ type }, index) => index >= middle && type === 'text') + 1
  return { pieces: [...pieces.slice(0, at), { type: 'hold' }, ...pieces.slice(at)], outcome }
}

/** All text, or that up to the first hold. */
export function textOfAnswer({ pieces }: ContractAnswer, until: 'hold' | 'end' = 'end'): string {
  return textUntil(pieces, 'text', until)
}

export function reasoningOfAnswer({ pieces }: ContractAnswer): string {
  return textUntil(pieces, 'reasoning', 'end')
}

function textUntil(pieces: readonly ContractPiece[], kind: 'text' | 'reasoning', until: 'hold' | 'end'): string {
  const hold = pieces.findIndex(({ type }) => type === 'hold')
  const told = until === 'hold' && hold !== -1 ? pieces.slice(0, hold) : pieces
  return told.map((piece) => (piece.type === kind ? piece.delta : '')).join('')
}
