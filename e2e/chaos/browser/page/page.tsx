import { databaseName, proxyAgent } from '@rejoin/core'
import { BackgroundAgentProvider, useBackgroundAgent, type BackgroundAgent } from '@rejoin/react'
import { useLayoutEffect, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { engines } from '../../kinds.ts'
import { planOf, timingOf } from '../../plan.ts'
import { differenceOf, isBeginningOf } from '../../verdict.ts'
import { act, freeze } from './act.ts'
import { type Acted, type ChaosPage, type PageView } from './chaosPage.ts'
import { collectComplaints } from './complaints.ts'

declare global {
  /** Written into the page by who serves it. */
  var acted: Acted
  var chaos: ChaosPage | undefined
}

const query = new URLSearchParams(location.search)
const engine = engines.find((name) => name === query.get('engine')) ?? 'chromium'
const tab = query.get('tab') ?? ''
const user = query.get('seed') ?? ''
const complaints = collectComplaints(tab)
const warnings: string[] = []
const { answer } = planOf(Number(user), engine)
const { stallMs, poll, backoff } = timingOf(engine)
const agent = proxyAgent({ url: '/api/agent', stallMs })

act(globalThis.acted)

let shownLength = 0

/** What is on the screen. */
function look(): Pick<PageView, 'questions' | 'parts'> {
  const parts = Array.from(document.querySelectorAll<HTMLElement>('[data-type]'), ({ dataset, textContent }) => ({ type: dataset.type ?? '', text: textContent }))
  return { questions: document.querySelectorAll('[data-role="user"]').length, parts: parts.filter(({ text }) => text !== '') }
}

function check(): void {
  const { parts } = look()
  const length = parts.reduce((sum, { text }) => sum + text.length, 0)
  if (length < shownLength) complaints.add(`the text shrank from ${shownLength} to ${length}`)
  shownLength = length
  if (!isBeginningOf(parts, answer.parts)) complaints.add(`what is shown is not what the agent said: ${differenceOf(parts, answer.parts)}`)
}

function expose(chat: BackgroundAgent): ChaosPage {
  return {
    ask: () => void chat.sendMessage('why?'),
    stop: () => void chat.stop(),
    view: () => ({ state: chat.run?.state ?? null, ...look(), warnings, complaints: complaints.all }),
    act,
    freeze: () => freeze(tab),
    deleteDatabase: () => void indexedDB.deleteDatabase(databaseName(user)),
  }
}

function Chat(): ReactNode {
  const chat = useBackgroundAgent({ session: 'main' })
  useLayoutEffect(() => {
    check()
    globalThis.chaos = expose(chat)
  })
  return chat.messages.map(({ id, role, parts }) => (
    <article key={id} data-role={role}>
      {role === 'assistant' && parts.map((part, at) => (part.type === 'text' || part.type === 'reasoning') && <p key={at} data-type={part.type}>{part.text}</p>)}
    </article>
  ))
}

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')
createRoot(root).render(
  <BackgroundAgentProvider agent={agent} user={user} poll={poll} backoff={backoff} onWarning={({ code }) => void warnings.push(code)}>
    <Chat />
  </BackgroundAgentProvider>,
)
