import { databaseName, proxyAgent, type Agent } from '@rejoin/core'
import { BackgroundAgentProvider, useBackgroundAgent, type BackgroundAgent } from '@rejoin/react'
import { useCallback, useEffect, useLayoutEffect, useState, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { engines } from '../../kinds.ts'
import { planOf, question, timingOf } from '../../plan.ts'
import { watchRequests } from '../../requestWatch.ts'
import { differenceOf, isBeginningOf } from '../../verdict.ts'
import { act, freeze } from './act.ts'
import { paths, type Acted, type ChaosPage, type PageView } from './chaosPage.ts'
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
const plan = planOf(Number(user), engine)
const { answer, maxStreams } = plan
const { stallMs, poll, backoff } = timingOf(engine)
/** Longer than the slowest of busy machines takes; what is refused here is refused at once. Milliseconds. */
const storageWaitMs = 20_000
/** The app signs in again so long after it was told to, in milliseconds. */
const signInMs = 50

act(globalThis.acted)

let shown: PageView['parts'] = []
let asking = false
/** A stop is carried out by the tab that reads, so it counts in all of them. */
let actedAt = -Infinity
const acts = new BroadcastChannel('acts')
acts.onmessage = () => (actedAt = performance.now())

function acting(): void {
  actedAt = performance.now()
  acts.postMessage(null)
}

const watch = watchRequests({ plan, now: () => performance.now(), actedAt: () => actedAt, showsSome: () => shown.length > 0, complain: complaints.add })

function createAgent(): Agent {
  return proxyAgent({ url: '/api/agent', stallMs, maxStreams: maxStreams ?? undefined, fetch: send })
}

async function send(url: string, init: RequestInit): Promise<Response> {
  watch.asks(url, init)
  const response = await fetch(url, init)
  watch.answered(url, init, response)
  return response
}

/** What is on the screen: parts of one kind that follow each other are one. */
function look(): Pick<PageView, 'questions' | 'parts'> {
  const parts: { type: string; text: string }[] = []
  for (const { dataset, textContent: text } of document.querySelectorAll<HTMLElement>('[data-type]')) {
    const last = parts.at(-1)
    if (text === '') continue
    if (last !== undefined && last.type === dataset.type) last.text += text
    else parts.push({ type: dataset.type ?? '', text })
  }
  return { questions: [...document.querySelectorAll('[data-role="user"]')].map(({ textContent }) => textContent), parts }
}

function check(): void {
  const { parts } = look()
  if (!isBeginningOf(shown, parts)) complaints.add(`what was shown was taken away: ${differenceOf(parts, shown)}`)
  if (!isBeginningOf(parts, answer.parts)) complaints.add(`wrong text: ${differenceOf(parts, answer.parts)}`)
  shown = parts
}

async function ask({ sendMessage }: BackgroundAgent): Promise<void> {
  asking = false
  const { accepted } = await sendMessage(question)
  if (!accepted) complaints.add('the question was refused')
}

function Chat({ onUnauthorized }: { onUnauthorized: () => void }): ReactNode {
  const chat = useBackgroundAgent({ session: 'main', onFinish: () => void navigator.sendBeacon(paths.finish) })
  const state = chat.run?.state ?? null
  const unauthorized = state?.type === 'paused' && state.reason === 'unauthorized'

  useLayoutEffect(() => {
    check()
    function askIfNew(): void {
      if (asking && state?.type !== 'restoring' && chat.messages.length === 0) void ask(chat)
    }
    globalThis.chaos = {
      ask() {
        acting()
        asking = true
        askIfNew()
      },
      retry() {
        acting()
        chat.reconnect()
      },
      stop() {
        acting()
        void chat.stop()
      },
      view: () => ({ state, ...look(), warnings, complaints: complaints.all }),
      act,
      freeze: () => freeze(tab),
      deleteDatabase: () => void indexedDB.deleteDatabase(databaseName(user)),
    }
    askIfNew()
  })

  useEffect(() => {
    if (!unauthorized) return
    const timer = setTimeout(onUnauthorized, signInMs)
    return () => clearTimeout(timer)
  }, [unauthorized, onUnauthorized])

  return chat.messages.map(({ id, role, parts }) => (
    <article key={id} data-role={role}>
      {role === 'user' && parts.map((part) => part.type === 'text' && part.text)}
      {role === 'assistant' && parts.map((part, at) => (part.type === 'text' || part.type === 'reasoning') && <p key={at} data-type={part.type}>{part.text}</p>)}
    </article>
  ))
}

function App(): ReactNode {
  const [agent, setAgent] = useState(createAgent)
  const signIn = useCallback(() => setAgent(createAgent()), [])
  return (
    <BackgroundAgentProvider agent={agent} user={user} poll={poll} backoff={backoff} storageWaitMs={storageWaitMs} onWarning={({ code }) => void warnings.push(code)}>
      <Chat onUnauthorized={signIn} />
    </BackgroundAgentProvider>
  )
}

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no element with the id "app".')
createRoot(root).render(<App />)
