import type { ChatMessage } from '@rejoin/core'
import { Chat, useBackgroundAgent } from '@rejoin/react'
import { markdownBlock } from '@rejoin/react/markdown'
import { useRef } from 'react'
import type { About } from '../server/about.ts'
import { maxFileBytes } from '../server/filesPath.ts'
import { Suggestions } from './Suggestions.tsx'
import type { View } from './ViewSwitch.tsx'

const fileLimits = { maxFiles: 3, maxBytes: maxFileBytes }

const renderers = {
  formatted: (message: ChatMessage) => (
    <Chat.Message message={message} renderBlock={message.role === 'assistant' ? markdownBlock : undefined} />
  ),
  source: (message: ChatMessage) => <Chat.Message message={message} />,
}

export function DeskChat({ about, view }: { about: About; view: View }) {
  const chat = useBackgroundAgent({ session: about.session })
  const input = useRef<HTMLTextAreaElement>(null)
  const active = chat.status === 'submitted' || chat.status === 'streaming'
  return (
    <Chat.Root chat={chat} className="desk-chat">
      <Chat.Messages>{renderers[view]}</Chat.Messages>
      {chat.messages.length === 0 && chat.run === null && (
        <Suggestions
          questions={about.suggestions}
          onPick={(question) => {
            // They go with the press; the person writes on in the input.
            input.current?.focus()
            void chat.sendMessage(question)
          }}
        />
      )}
      <Chat.Progress />
      <Chat.Status />
      <Chat.Reconnect />
      <Chat.Composer fileLimits={fileLimits}>
        <Chat.Attachments />
        <Chat.Attach aria-label="Attach files" title="Attach files">
          +
        </Chat.Attach>
        <Chat.Input ref={input} placeholder={about.placeholder} />
        <Chat.Send hidden={active} />
        <Chat.Stop />
      </Chat.Composer>
    </Chat.Root>
  )
}
