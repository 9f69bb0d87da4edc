import { RejoinError, type AnswerPart, type ChatMessage, type MessagePart, type RefusalPart, type TextPart } from '@rejoin/core'
import { stringIn, type JsonObject } from '../json.ts'
import { type A2aMessage, type Artifact } from './protocol.ts'

/** A part that has a name of its own; all parts of a task have. */
export type NamedPart = MessagePart & { readonly id: string }

/**
 * The parts of an artifact with more of them. Agents write a text in pieces, and servers keep each piece as a part: texts
 * that follow each other are one.
 */
export function withPieces(parts: readonly NamedPart[], { id, name, parts: pieces }: Artifact): readonly NamedPart[] {
  const grown = [...parts]
  for (const piece of pieces) {
    const last = grown.at(-1)
    const part = partOf(piece, `${id}:${grown.length}`, name)
    if (part?.type === 'text' && last?.type === 'text') grown[grown.length - 1] = { ...last, text: last.text + part.text }
    else if (part !== null) grown.push(part)
  }
  return grown
}

/** What a message of the agent says, as parts of its answer. */
export function partsOfMessage({ id, parts }: A2aMessage): readonly NamedPart[] {
  return withPieces([], { id: `${id}:m`, name: null, parts })
}

/** The same of an agent that says why it will not answer. */
export function refusalIn(message: A2aMessage): readonly NamedPart[] {
  return partsOfMessage(message).map((part): NamedPart => (part.type === 'text' ? refusal(part) : part))
}

function refusal({ text, id }: TextPart & { readonly id: string }): RefusalPart & { readonly id: string } {
  return { type: 'refusal', id, text }
}

export function textOfMessage(message: A2aMessage): string {
  return message.parts.map((part) => stringIn(part, 'text') ?? '').join('')
}

/** `null` for what can not be shown. */
function partOf(piece: JsonObject, id: string, artifact: string | null): NamedPart | null {
  const text = stringIn(piece, 'text')
  if (text !== null) return text === '' ? null : { type: 'text', id, text }
  const filename = stringIn(piece, 'filename') || null
  if ('data' in piece) return { type: 'data', id, name: filename ?? artifact ?? 'data', data: piece.data }
  const mediaType = stringIn(piece, 'mediaType') || 'application/octet-stream'
  const raw = stringIn(piece, 'raw')
  const url = raw === null ? stringIn(piece, 'url') : `data:${mediaType};base64,${raw}`
  // Agents copy addresses from what they have read: one that would run a script must not become a link.
  if (url === null || !/^(https?|data):/i.test(url)) return null
  return { type: 'file', id, mediaType, url, ...(filename !== null && { filename }) }
}

/**
 * What the person has written, as the protocol's parts.
 * @throws RejoinError `unreadable_file` for an address that means nothing where the agent is
 */
export function inputOf({ parts }: ChatMessage): JsonObject[] {
  return parts.flatMap((part): JsonObject[] => {
    if (part.type === 'text') return [textPiece(part.text)]
    if (part.type === 'answer') return answerPieces(part)
    if (part.type === 'data') return [{ data: part.data, mediaType: 'application/json' }]
    if (part.type !== 'file') return []
    const { mediaType, filename, url } = part
    if (!/^(https?|data):/i.test(url)) throw new RejoinError('unreadable_file')
    const base64 = /^data:[^,]*;base64,(.*)$/is.exec(url)?.[1]
    return [{ ...(base64 === undefined ? { url } : { raw: base64 }), mediaType, ...(filename !== undefined && { filename }) }]
  })
}

/** A decision for agents that read words, and for those that do not. Who has signed in has done so elsewhere: no part carries credentials. */
function answerPieces(part: AnswerPart): JsonObject[] {
  if (part.kind === 'input') return [textPiece(part.text)]
  const { kind, approved, text = decisions[kind][approved ? 'yes' : 'no'] } = part
  return [textPiece(text), { data: { kind, approved }, mediaType: 'application/json' }]
}

const decisions = {
  approval: { yes: 'Approved.', no: 'Not approved.' },
  auth: { yes: 'Signed in.', no: 'Not going to sign in.' },
} as const

function textPiece(text: string): JsonObject {
  return { text, mediaType: 'text/plain' }
}
