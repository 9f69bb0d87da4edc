import { useChat, type UIMessage, type UseChatHelpers } from '@ai-sdk/react'
import { DefaultChatTransport } from 'ai'
import { type ReactNode } from 'react'
import { Conversation } from './Conversation.tsx'
import { useComingBack } from './useComingBack.ts'

const transport = new DefaultChatTransport({
  prepareSendMessagesRequest: ({ id, messages }) => ({ body: { id, message: messages.at(-1) } }),
})

/** The hook, as its documentation sets it up for streams that resume. */
export function UseChat({ question }: { question: string }): ReactNode {
  const chat = useChat({ id: question, resume: true, transport })
  return <Shown chat={chat} question={question} />
}

/** And with what the author of an app can write around it. */
export function UseChatComingBack({ question }: { question: string }): ReactNode {
  const chat = useChat({ id: question, resume: true, transport })
  useComingBack(chat)
  return <Shown chat={chat} question={question} />
}

function Shown({ chat, question }: { chat: UseChatHelpers<UIMessage>; question: string }): ReactNode {
  const { messages, status, sendMessage } = chat
  const last = messages.at(-1)
  return <Conversation status={status} answer={last?.role === 'assistant' ? textIn(last) : ''} onAsk={() => void sendMessage({ text: question })} />
}

function textIn(message: UIMessage): string {
  return message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
