// What an app writes in the browser. Compiled against the packed packages, without the types of Node.
import { isRejoinError, proxyAgent, textOf, type MessagePart, type RunState } from '@rejoin/core'
import {
  BackgroundAgentChat,
  BackgroundAgentProvider,
  Chat,
  runQueryOptions,
  useBackgroundAgent,
  type RenderMessage,
} from '@rejoin/react'
import { markdownBlock } from '@rejoin/react/markdown'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode } from 'react'
import '@rejoin/react/theme.css'

const agent = proxyAgent({ url: '/api/agent', headers: async () => ({ authorization: 'Bearer …' }) })

export function Support({ userId }: { userId: string | null }): ReactNode {
  return (
    <BackgroundAgentProvider agent={agent} user={userId} poll={{ intervalMs: 2_000 }}>
      <BackgroundAgentChat session="support-42" mode="poll" />
      <Own />
    </BackgroundAgentProvider>
  )
}

function Own(): ReactNode {
  const chat = useBackgroundAgent({ session: 'support-42', onFinish: ({ message, run }) => console.log(textOf(message), run.elapsedMs) })
  const { data } = useQuery(runQueryOptions(chat.run?.id ?? 'none'))
  return (
    <Chat.Root chat={chat}>
      <Chat.Messages>{renderMessage}</Chat.Messages>
      <p title={chat.error?.code}>{chat.run && stateWords(chat.run.state)}</p>
      <p>{data?.run.attempt.toFixed()}</p>
      <button onClick={() => void chat.sendMessage('Why?').then((sent) => sent.accepted || sent.error.code)}>Ask</button>
    </Chat.Root>
  )
}

const renderMessage: RenderMessage = (message) => (
  <Chat.Message message={message} renderBlock={markdownBlock}>
    {message.parts.map((part, at) => (
      <p key={at}>{partWords(part)}</p>
    ))}
  </Chat.Message>
)

function stateWords(state: RunState | { readonly type: 'restoring' }): string {
  if (state.type === 'reconnecting') return `${state.attempt}: ${state.retryAt?.toFixed() ?? 'now'}`
  return state.type === 'failed' ? state.code : state.type
}

function partWords(part: MessagePart): string {
  if (part.type === 'text' || part.type === 'reasoning') return part.text
  return part.type === 'tool' ? part.name : part.type
}

export function codeOf(error: unknown): string {
  return isRejoinError(error) && error.code === 'busy' ? 'busy' : 'other'
}
