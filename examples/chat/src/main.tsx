import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')
const { about } = globalThis

document.title = `${about.title} · Rejoin`
createRoot(root).render(
  <StrictMode>
    <App about={about} />
  </StrictMode>,
)
