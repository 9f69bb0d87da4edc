import { proxyAgent, textOf } from '@rejoin/core'
import { BackgroundAgentProvider, useBackgroundAgent } from '@rejoin/react'
import { type ReactNode } from 'react'
import { Conversation } from './Conversation.tsx'

const agent = proxyAgent({ url: '/api/agent' })

export function Rejoin({ question }: { question: string }): ReactNode {
  return (
    <BackgroundAgentProvider agent={agent} user={null}>
      <Chat question={question} />
    </BackgroundAgentProvider>
  )
}

function Chat({ question }: { question: string }): ReactNode {
  const { messages, status, sendMessage } = useBackgroundAgent({ session: question })
  const last = messages.at(-1)
  return <Conversation status={status} answer={last?.role === 'assistant' ? textOf(last) : ''} onAsk={() => void sendMessage(question)} />
}
