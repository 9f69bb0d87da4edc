/// <reference types="vite/client" />
import { memoryRunStore, soloTabs, type RunMode, type RunStore } from '@rejoin/core'
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

const query = { sql: 'select week, sum(total) from sales group by week', limit: 500 }
const rows = Array.from({ length: 500 }, (_, week) => ({ week, total: 1_000 + week }))
const picture =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 120"><rect width="320" height="120" fill="#e7ecf8"/>' +
  '<path d="M20 100 90 70 160 80 230 40 300 20" fill="none" stroke="#2f5bd0" stroke-width="4"/></svg>'

const everyPart: Script = {
  steps: [
    ...words('**Looking for the numbers.** The sales of March are in the warehouse; the forecast is on the web. ').map(
      (delta) => ({ type: 'reasoning' as const, id: 'thought', delta }),
    ),
    { type: 'part', part: { type: 'tool', id: 'query', name: 'run_query', state: 'input-streaming' } },
    { wait: 1_000 },
    { type: 'part', part: { type: 'tool', id: 'query', name: 'run_query', state: 'input-available', input: query } },
    { wait: 1_500 },
    {
      type: 'part',
      part: { type: 'tool', id: 'query', name: 'run_query', state: 'output-available', input: query, output: rows },
    },
    {
      type: 'part',
      part: { type: 'tool', id: 'post', name: 'post_to_channel', state: 'output-error', input: {}, errorCode: 'forbidden' },
    },
    ...words('Sales went **up** in all three weeks, and the forecast was met.').map((delta) => ({ type: 'text' as const, id: 'text', delta })),
    { type: 'part', part: { type: 'source-url', id: 's1', url: 'https://example.com/forecast', title: 'The forecast for spring' } },
    { type: 'part', part: { type: 'source-url', id: 's2', url: 'https://example.org/a/very/long/address?with=parameters' } },
    { type: 'part', part: { type: 'source-document', id: 's3', filename: 'sales-of-march.pdf' } },
    {
      type: 'part',
      part: { type: 'file', id: 'chart', mediaType: 'image/svg+xml', url: `data:image/svg+xml,${encodeURIComponent(picture)}`, filename: 'Sales, rising' },
    },
    { type: 'part', part: { type: 'file', id: 'csv', mediaType: 'text/csv', url: 'data:text/csv,week,sum', filename: 'sales.csv' } },
    { type: 'part', part: { type: 'data', id: 'data', name: 'total', data: { sum: 4_387 } } },
    { type: 'refusal', id: 'refusal', delta: 'I can not name single customers: that is personal data.' },
  ],
  outcome: { type: 'incomplete', reason: 'max_output_tokens' },
}

function words(text: string): string[] {
  return text.split(/(?<= )/)
}

interface PageProps {
  script: Script
  store: RunStore
  mode?: RunMode
}

/** What a page load is, without the page: a new engine and a new agent on the same store. */
function Page({ script, store, mode }: PageProps): ReactNode {
  const [agent] = useState(() => scriptedAgent(script, { paceMs: 60 }))
  return (
    <div style={{ blockSize: '32rem' }}>
      <BackgroundAgentProvider agent={agent} user={null} store={store} tabs={soloTabs()}>
        <BackgroundAgentChat session="story" mode={mode} renderBlock={markdownBlock} placeholder="Ask for a report…" />
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

/** Everything an answer can be made of. Its end was cut off, and says so. */
export const EveryPart: StoryObj<typeof Page> = {
  render: () => <Page script={everyPart} store={memoryRunStore()} />,
}

/** Asked for from time to time instead of streamed: the answer comes whole, at its end. */
export const Polled: StoryObj<typeof Page> = {
  render: () => <Page script={report} store={memoryRunStore()} mode="poll" />,
}
