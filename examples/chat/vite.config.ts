import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { agentServer } from './server/agentServer.ts'
import { numberFrom } from './server/numberFrom.ts'

const port = numberFrom('PORT', { otherwise: 5173, min: 1, max: 65_535 })

export default defineConfig({
  plugins: [react(), agentServer()],
  // The server writes there all the time.
  server: { port, strictPort: true, watch: { ignored: ['**/.data/**'] } },
  preview: { port, strictPort: true },
  // Found one by one, they would make the first page load reload itself.
  optimizeDeps: {
    include: [
      'react-markdown',
      'remark-gfm',
      '@tanstack/react-query',
      '@rejoin/core > idb-keyval',
      '@rejoin/core > eventsource-parser',
    ],
  },
})
