import { proxyAgent } from '@rejoin/core'
import { BackgroundAgentProvider } from '@rejoin/react'
import '@rejoin/react/theme.css'
import type { About } from '../server/about.ts'
import './app.css'
import { DeskChat } from './DeskChat.tsx'
import { upload } from './upload.ts'
import { useView, ViewSwitch } from './ViewSwitch.tsx'

const agent = proxyAgent({ url: '/api/agent' })

export function App({ about }: { about: About }) {
  const [view, setView] = useView()
  return (
    <BackgroundAgentProvider agent={agent} user={null} upload={about.takesFiles ? upload : undefined}>
      <header className="app-header">
        <div>
          <h1>{about.title}</h1>
          <p>
            <strong>{about.agent}</strong> works on the server. Reload, cut the network, close the tab: it goes on, and you come
            back to it.
          </p>
        </div>
        <ViewSwitch view={view} onChange={setView} />
      </header>
      <main>
        <DeskChat about={about} view={view} />
      </main>
    </BackgroundAgentProvider>
  )
}
