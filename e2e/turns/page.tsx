import { proxyAgent } from '@rejoin/core'
import { BackgroundAgentProvider, Chat, useBackgroundAgent } from '@rejoin/react'
import { StrictMode, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'

// `?user=ada&chats=one,two` shows two chats beside each other.
const params = new URLSearchParams(location.search)
const agent = proxyAgent({ url: '/api/agent' })

function Turns({ session }: { session: string }): ReactNode {
  const chat = useBackgroundAgent({ session })
  const last = chat.messages.findLast(({ role }) => role === 'user')
  return (
    <section aria-label={session}>
      <Chat.Root chat={chat}>
        <Chat.Messages />
        <Chat.Status />
        <Chat.Composer>
          <Chat.Input />
          <Chat.Send />
          <Chat.Stop />
        </Chat.Composer>
      </Chat.Root>
      <button type="button" onClick={() => void chat.regenerate()}>
        Ask again
      </button>
      <form action={(form) => void chat.sendMessage({ text: String(form.get('text')), messageId: last?.id })}>
        <input name="text" aria-label="In other words" />
        <button>Send instead</button>
      </form>
    </section>
  )
}

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')
createRoot(root).render(
  <StrictMode>
    <BackgroundAgentProvider agent={agent} user={params.get('user')}>
      {params.get('chats')?.split(',').map((session) => <Turns key={session} session={session} />)}
    </BackgroundAgentProvider>
  </StrictMode>,
)
