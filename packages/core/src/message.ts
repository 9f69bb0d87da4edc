import { newId } from './id.ts'

/** A piece of a message. More kinds join this union; render the ones you know. */
export type MessagePart = TextPart

export interface TextPart {
  readonly type: 'text'
  readonly text: string
}

export interface ChatMessage {
  /** Made by whoever wrote the message; an answer's id is the id of its run. */
  readonly id: string
  readonly role: 'user' | 'assistant'
  readonly parts: readonly MessagePart[]
}

export function userMessage(text: string, id: string = newId()): ChatMessage {
  return { id, role: 'user', parts: [{ type: 'text', text }] }
}

/** All text of a message, in order. */
export function textOf(message: Pick<ChatMessage, 'parts'>): string {
  return message.parts.map((part) => part.text).join('')
}

/** How much text there is, for telling which of two states knows more. */
export function lengthOf(parts: readonly MessagePart[]): number {
  return parts.reduce((length, part) => length + part.text.length, 0)
}
