import { isServedAddress } from '../address.ts'
import { newId } from '../id.ts'
import { type ChatMessage, type FilePart } from '../message.ts'

/** What the person sends. */
export interface OutgoingMessage {
  readonly text: string
  /** Files that are somewhere already: the message carries their addresses. */
  readonly files?: readonly Omit<FilePart, 'type' | 'id'>[] | undefined
  /** The id of the person's last message, which this one takes the place of: the answer to that goes too. */
  readonly messageId?: string | undefined
}

export function messageOf({ text, files = [], messageId = newId() }: OutgoingMessage): ChatMessage {
  const attached = files.map((file): FilePart => ({ ...file, type: 'file', id: newId() }))
  const words: ChatMessage['parts'] = text === '' ? [] : [{ type: 'text', text }]
  return { id: messageId, role: 'user', parts: [...words, ...attached] }
}

/** Whether its files are somewhere else: bytes would go over the wire with every try, and into the browser's storage. */
export function isAddressed({ parts }: ChatMessage): boolean {
  return parts.every((part) => part.type !== 'file' || isServedAddress(part.url))
}
