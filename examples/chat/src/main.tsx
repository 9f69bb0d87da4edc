import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { type About, aboutPath } from '../server/about.ts'
import { App } from './App.tsx'

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')
const answer = await fetch(aboutPath)
if (!answer.ok) throw new Error(`${aboutPath} is answered with ${answer.status}. Is the page served by the example’s own server?`)
const about: About = await answer.json()

document.title = `${about.title} · Rejoin`
createRoot(root).render(
  <StrictMode>
    <App about={about} />
  </StrictMode>,
)
