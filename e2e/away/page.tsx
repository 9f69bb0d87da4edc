import { proxyAgent } from '@rejoin/core'
import { BackgroundAgentChat, BackgroundAgentProvider } from '@rejoin/react'
import { askToNotify, RunList, useRunNotifications, useUnreadTitle } from '@rejoin/react/runs'
import { StrictMode, useSyncExternalStore, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'

// An app of several chats: `#one` shows the chat "one", no hash the list of all.
const settings = new URLSearchParams(location.search)
const user = settings.get('user')
const agent = proxyAgent({ url: '/api/agent', headers: user === null ? {} : { 'x-user': user } })
const persist = settings.get('persist') === 'token' ? 'token' : 'all'

function useHash(): string {
  return useSyncExternalStore(
    (listener) => {
      window.addEventListener('hashchange', listener)
      return () => window.removeEventListener('hashchange', listener)
    },
    () => location.hash.slice(1),
  )
}

function App(): ReactNode {
  const session = useHash()
  useUnreadTitle()
  useRunNotifications({ onOpen: (run) => (location.hash = run.session) })
  return (
    <>
      <nav>
        <a href="#">All</a> <RunList href={(run) => `#${run.session}`} />
      </nav>
      <button type="button" onClick={() => void askToNotify()}>
        Notify me
      </button>
      {session !== '' && <BackgroundAgentChat key={session} session={session} />}
    </>
  )
}

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')
createRoot(root).render(
  <StrictMode>
    <BackgroundAgentProvider agent={agent} user={user} persist={persist}>
      <App />
    </BackgroundAgentProvider>
  </StrictMode>,
)
