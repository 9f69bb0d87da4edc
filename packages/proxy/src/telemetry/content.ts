import { type ChatMessage, type MessagePart } from '@rejoin/core'

/** Messages in the form of the GenAI conventions, as JSON. */
export function inputOf(messages: readonly ChatMessage[]): string {
  return JSON.stringify(messages.map(({ role, parts }) => ({ role, parts: parts.flatMap(partsOf) })))
}

/** An answer in the form of the GenAI conventions, as JSON. */
export function outputOf(parts: readonly MessagePart[], finishReason: string): string {
  return JSON.stringify([{ role: 'assistant', parts: parts.flatMap(partsOf), finish_reason: finishReason }])
}

function partsOf(part: MessagePart): readonly object[] {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return [{ type: part.type, content: part.text }]
    case 'tool': {
      const { id, name, input, output } = part
      const call = { type: 'tool_call', id, name, arguments: input }
      return output === undefined ? [call] : [call, { type: 'tool_call_response', id, response: output }]
    }
    case 'file': {
      const { mediaType, url } = part
      const modality = /^(image|video|audio)\//.exec(mediaType)?.[1] ?? 'document'
      // What is inside of a data URL is not repeated: nobody knows how much it is.
      return [{ type: 'uri', modality, mime_type: mediaType, uri: url.startsWith('data:') ? 'data:' : url }]
    }
    default:
      return [part]
  }
}
