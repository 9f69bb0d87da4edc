import { proxyAgent } from '@rejoin/core'
import { BackgroundAgentProvider } from '@rejoin/react'
import '@rejoin/react/theme.css'
import './app.css'
import { SalesChat } from './SalesChat.tsx'
import { useView, ViewSwitch } from './ViewSwitch.tsx'

const agent = proxyAgent({ url: '/api/agent' })

export function App() {
  const [view, setView] = useView()
  return (
    <BackgroundAgentProvider agent={agent} user={null}>
      <header className="app-header">
        <div>
          <h1>Sales desk</h1>
          <p>An agent that works on the server. Reload, cut the network, close the tab: it goes on, and you come back to it.</p>
        </div>
        <ViewSwitch view={view} onChange={setView} />
      </header>
      <main>
        <SalesChat view={view} />
      </main>
    </BackgroundAgentProvider>
  )
}
