import { proxyAgent } from '@rejoin/core'
import { BackgroundAgentChat, BackgroundAgentProvider } from '@rejoin/react'
import { createRoot } from 'react-dom/client'

// A page of several chats: `?chats=a,b` shows "a" and "b".
const agent = proxyAgent({ url: '/api/agent' })
const chats = new URLSearchParams(location.search).get('chats')?.split(',') ?? []

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')
createRoot(root).render(
  <BackgroundAgentProvider agent={agent} user={null}>
    {chats.map((chat) => (
      <section key={chat} id={chat}>
        <BackgroundAgentChat session={chat} />
      </section>
    ))}
  </BackgroundAgentProvider>,
)
