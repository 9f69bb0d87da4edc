import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { agentServer } from './server/agentServer.ts'

const port = Number(process.env.PORT || 5174)

export default defineConfig({
  plugins: [react(), agentServer()],
  server: { port, strictPort: true },
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
