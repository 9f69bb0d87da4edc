import { RejoinError, textOf, type ChatMessage, type FilePart, type MessagePart } from '@rejoin/core'
import { type ApiObject } from './apiResponse.ts'

/**
 * A conversation as the API's input items. What an agent has said before goes in as its words alone; of the person
 * the files go in too, by their addresses.
 * @throws RejoinError `unreadable_file` for a file at an address that the provider can not fetch
 */
export function inputOf(messages: readonly ChatMessage[]): ApiObject[] {
  return messages.flatMap((message) => {
    const content = message.role === 'user' ? userContent(message.parts) : agentContent(message)
    return content.length === 0 ? [] : [{ type: 'message', role: message.role, content }]
  })
}

function agentContent(message: ChatMessage): ApiObject[] {
  const text = textOf(message)
  return text === '' ? [] : [{ type: 'output_text', text }]
}

/** Texts that follow each other are one, as they are to whoever reads them. */
function userContent(parts: readonly MessagePart[]): ApiObject[] {
  const content: ApiObject[] = []
  let text = ''
  function closeText(): void {
    if (text !== '') content.push({ type: 'input_text', text })
    text = ''
  }
  for (const part of parts) {
    // A decision has a place of its own in the request, and its words go with it.
    if (part.type !== 'file') {
      if (part.type !== 'answer' || part.kind === 'input') text += textOf({ parts: [part] })
      continue
    }
    closeText()
    content.push(fileOf(part))
  }
  closeText()
  return content
}

function fileOf({ url, mediaType, filename }: FilePart): ApiObject {
  const inline = /^data:/i.test(url)
  if (!inline && !/^https?:\/\//i.test(url)) throw new RejoinError('unreadable_file')
  if (mediaType.startsWith('image/')) return { type: 'input_image', image_url: url, detail: 'auto' }
  // A name beside an address is refused.
  return inline ? { type: 'input_file', file_data: url, filename: filename ?? 'file' } : { type: 'input_file', file_url: url }
}
