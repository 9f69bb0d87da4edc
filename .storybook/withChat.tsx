import { memoryRunStore, soloTabs, textOf } from '@rejoin/core'
import { BackgroundAgentProvider, Chat, useBackgroundAgent } from '@rejoin/react'
import { faultyAgent, scriptedAgent } from '@rejoin/testkit'
import type { Decorator, Loader } from '@storybook/react-vite'
import { useEffect, useState, type ReactNode } from 'react'
import { chatOf, session, user, type LoadedChat, type StoryChat } from './chat.ts'
import { keptFaults } from './keptFaults.ts'
import { openToPanel } from './openToPanel.ts'

/** An agent and a network of the story's own, before it is shown. */
export const loadChat: Loader = ({ id, parameters, viewMode }): { chat: LoadedChat } => {
  const { script = { steps: [] }, paceMs, faults, stallMs = 4_000, store = 'memory' } = chatOf(parameters)
  const kept = viewMode === 'story' ? keptFaults(id) : undefined
  const network = faultyAgent(scriptedAgent(script, { paceMs }), { faults: kept ?? faults, stallMs })
  return { chat: { network, store: store === 'memory' ? memoryRunStore() : undefined } }
}

/** The real engine on a scripted agent, and the network between the two. */
export const withChat: Decorator = (Story, { id, loaded, parameters, viewMode }) => (
  <Page key={id} story={id} loaded={loaded.chat} options={chatOf(parameters)} shown={viewMode === 'story'}>
    <Story />
  </Page>
)

interface PageProps {
  story: string
  loaded: LoadedChat
  options: StoryChat
  /** By itself, and not with others on a page of docs: the panel is its. */
  shown: boolean
  children: ReactNode
}

function Page({ story, loaded, options, shown, children }: PageProps): ReactNode {
  // What is loaded later, when arguments change, is for a page that is loaded again.
  const [{ network, store }] = useState(loaded)
  const [tabs] = useState(() => (store ? soloTabs() : undefined))
  const { ask = 'How did March go?', mode = 'stream', root = true } = options
  useEffect(() => (shown ? openToPanel(story, network) : undefined), [shown, story, network])
  return (
    <BackgroundAgentProvider agent={network} user={store ? null : user} store={store} tabs={tabs} upload={options.upload}>
      {root ? (
        <Chat.Root session={session} mode={mode}>
          {children}
        </Chat.Root>
      ) : (
        children
      )}
      {ask !== null && <Ask question={ask} mode={mode} />}
      {options.later && <Later mode={mode} onBegun={() => network.setFaults({ ...options.later })} />}
    </BackgroundAgentProvider>
  )
}

function Ask({ question, mode }: { question: string } & Pick<Required<StoryChat>, 'mode'>): ReactNode {
  const { run, sendMessage } = useBackgroundAgent({ session, mode })
  useEffect(() => {
    if (run === null) void sendMessage(question)
  }, [run, question, sendMessage])
  return null
}

function Later({ mode, onBegun }: { onBegun: () => void } & Pick<Required<StoryChat>, 'mode'>): ReactNode {
  const { messages } = useBackgroundAgent({ session, mode })
  const answer = messages.at(-1)
  const begun = answer?.role === 'assistant' && textOf(answer) !== ''
  // oxlint-disable-next-line react/exhaustive-deps -- once
  useEffect(() => (begun ? onBegun() : undefined), [begun])
  return null
}
