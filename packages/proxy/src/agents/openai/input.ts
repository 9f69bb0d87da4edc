import { textOf, type ChatMessage } from '@rejoin/core'
import { type ApiObject } from './apiResponse.ts'

/** A conversation as the API's input items. What an agent has said before goes in as its words alone. */
export function inputOf(messages: readonly ChatMessage[]): ApiObject[] {
  return messages.flatMap((message) => {
    const text = textOf(message)
    if (text === '') return []
    const type = message.role === 'user' ? 'input_text' : 'output_text'
    return [{ type: 'message', role: message.role, content: [{ type, text }] }]
  })
}
