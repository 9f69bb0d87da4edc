import { type ChatMessage, type MessagePart, type RefusalPart, type TextPart } from '@rejoin/core'
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

/** What the person has written, as the protocol's parts. */
export function inputOf({ parts }: ChatMessage): JsonObject[] {
  return parts.flatMap((part): JsonObject[] => {
    if (part.type === 'text') return [{ text: part.text, mediaType: 'text/plain' }]
    if (part.type === 'data') return [{ data: part.data, mediaType: 'application/json' }]
    if (part.type !== 'file') return []
    const { mediaType, filename, url } = part
    const base64 = /^data:[^,]*;base64,(.*)$/is.exec(url)?.[1]
    return [{ ...(base64 === undefined ? { url } : { raw: base64 }), mediaType, ...(filename !== undefined && { filename }) }]
  })
}
