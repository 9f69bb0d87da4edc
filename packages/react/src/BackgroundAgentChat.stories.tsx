/// <reference types="vite/client" />
import { memoryRunStore, soloTabs, type RunStore } from '@rejoin/core'
import { scriptedAgent, type Script } from '@rejoin/testkit'
import type { Meta, StoryObj } from '@storybook/react-vite'
import { useState, type ReactNode } from 'react'
import { BackgroundAgentChat, BackgroundAgentProvider } from './index.ts'
import { markdownBlock } from './markdown.tsx'
import './theme.css'

const report: Script = {
  steps: [
    { type: 'status', status: 'queued' },
    { wait: 1_500 },
    { type: 'progress', step: { id: 'read', label: 'Read the sales of March', state: 'active', value: 0, total: 4_387 } },
    { wait: 1_500 },
    { type: 'progress', step: { id: 'read', label: 'Read the sales of March', state: 'done', value: 4_387, total: 4_387 } },
    { type: 'progress', step: { id: 'compare', label: 'Compare the regions', state: 'active' } },
    { wait: 1_500 },
    { type: 'progress', step: { id: 'compare', label: 'Compare the regions', state: 'done' } },
    ...words('## Sales in March\n\nUp by **4 %** on February.\n\n| Region | Sum |\n|---|---|\n| North | 1,204 |\n| South | 987 |\n\n'),
    ...words('The north grew most:\n\n- new customers in two cities\n- a campaign that ran `12` days\n\nThe south stayed as it was.'),
  ],
}

const lossy: Script = { ...report, steps: report.steps.flatMap((step, at) => (at === 20 ? [{ cut: true }, step] : [step])) }

function words(text: string): string[] {
  return text.split(/(?<= )/)
}

interface PageProps {
  script: Script
  store: RunStore
}

/** What a page load is, without the page: a new engine and a new agent on the same store. */
function Page({ script, store }: PageProps): ReactNode {
  const [agent] = useState(() => scriptedAgent(script, { paceMs: 60 }))
  return (
    <div style={{ blockSize: '32rem' }}>
      <BackgroundAgentProvider agent={agent} user={null} store={store} tabs={soloTabs()}>
        <BackgroundAgentChat session="story" renderBlock={markdownBlock} placeholder="Ask for a report…" />
      </BackgroundAgentProvider>
    </div>
  )
}

function ReloadablePage(props: PageProps): ReactNode {
  const [loads, setLoads] = useState(0)
  return (
    <>
      <button type="button" onClick={() => setLoads(loads + 1)}>
        Reload the page
      </button>
      <Page key={loads} {...props} />
    </>
  )
}

const meta: Meta<typeof Page> = {
  title: 'BackgroundAgentChat',
  component: Page,
  // Docs would run every story at once, on one store.
  tags: ['!autodocs'],
}
export default meta

/** Send anything. The answer takes a while, and shows what it is doing. */
export const Report: StoryObj<typeof Page> = {
  render: () => <Page script={report} store={memoryRunStore()} />,
}

/** Send something, and reload in the middle: the answer has gone on meanwhile, and its text and time with it. */
export const Resume: StoryObj<typeof Page> = {
  render: function Render() {
    const [store] = useState(memoryRunStore)
    return <ReloadablePage script={report} store={store} />
  },
}

/** The connection is lost once. Nothing is lost with it, or doubled. */
export const LostConnection: StoryObj<typeof Page> = {
  render: () => <Page script={lossy} store={memoryRunStore()} />,
}

/** The agent gives up. What it wrote stays. */
export const Failed: StoryObj<typeof Page> = {
  render: () => (
    <Page script={{ steps: report.steps.slice(0, 30), outcome: { type: 'failed', code: 'agent_failed' } }} store={memoryRunStore()} />
  ),
}
