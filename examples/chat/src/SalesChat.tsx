import type { ChatMessage } from '@rejoin/core'
import { Chat, useBackgroundAgent } from '@rejoin/react'
import { markdownBlock } from '@rejoin/react/markdown'
import { useRef } from 'react'
import { Suggestions } from './Suggestions.tsx'
import type { View } from './ViewSwitch.tsx'

const renderers = {
  formatted: (message: ChatMessage) => (
    <Chat.Message message={message}>
      <Chat.Text renderBlock={message.role === 'assistant' ? markdownBlock : undefined} />
    </Chat.Message>
  ),
  source: (message: ChatMessage) => <Chat.Message message={message} />,
}

export function SalesChat({ view }: { view: View }) {
  const chat = useBackgroundAgent({ session: 'sales' })
  const input = useRef<HTMLTextAreaElement>(null)
  const active = chat.status === 'submitted' || chat.status === 'streaming'
  return (
    <Chat.Root chat={chat} className="sales-chat">
      <Chat.Messages>{renderers[view]}</Chat.Messages>
      {chat.messages.length === 0 && chat.run === null && (
        <Suggestions
          onPick={(question) => {
            // They go with the press; the person writes on in the input.
            input.current?.focus()
            void chat.sendMessage(question)
          }}
        />
      )}
      <Chat.Progress />
      <Chat.Status />
      <Chat.Composer>
        <Chat.Input ref={input} placeholder="Ask for the report, or about a region or a product" />
        <Chat.Send hidden={active} />
        <Chat.Stop />
      </Chat.Composer>
    </Chat.Root>
  )
}
