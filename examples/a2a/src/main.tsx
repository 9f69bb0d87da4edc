import { proxyAgent } from '@rejoin/core'
import { BackgroundAgentChat, BackgroundAgentProvider } from '@rejoin/react'
import { markdownBlock } from '@rejoin/react/markdown'
import '@rejoin/react/theme.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

const agent = proxyAgent({ url: '/api/agent' })

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')

createRoot(root).render(
  <StrictMode>
    <BackgroundAgentProvider agent={agent} user={null}>
      <BackgroundAgentChat
        session="training"
        renderBlock={markdownBlock}
        placeholder="Train me for 10 km in 8 weeks"
        style={{ blockSize: '100dvh' }}
      />
    </BackgroundAgentProvider>
  </StrictMode>,
)
