import { memoryRunStore, soloTabs, textOf } from '@rejoin/core'
import { onlineManager, QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { act, cleanup, screen } from '@testing-library/react'
import { type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider, runQueryOptions, usePurge } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat, type ChatPage } from './support/renderChat.tsx'

afterEach(cleanup)

function Badge({ run }: { run: string }): ReactNode {
  const { data } = useQuery(runQueryOptions(run))
  return <output>{data ? `${data.session} ${data.run.state.type} ${data.message && textOf(data.message)}` : String(data)}</output>
}

interface SharedPage extends ChatPage {
  client: QueryClient
  /** Renders these instead of the chat, with the same client. */
  show(children: ReactNode): Promise<void>
}

async function renderShared(client = new QueryClient()): Promise<SharedPage> {
  const inClient = (children: ReactNode): ReactNode => <QueryClientProvider client={client}>{children}</QueryClientProvider>
  const page = await renderChat(inClient(<BackgroundAgentChat session="s" />), { queryClient: client })
  return {
    ...page,
    client,
    async show(children) {
      page.rerender(inClient(children))
      await frame()
    },
  }
}

describe('runQueryOptions', () => {
  it('mirrors a run for the rest of the app, while the chat is shown and when it is not', async () => {
    const { agent, ask, show } = await renderShared()
    await ask('Why?')
    const { id } = agent.latest
    agent.latest.text('Be')
    await show([<BackgroundAgentChat key="chat" session="s" />, <Badge key="badge" run={id} />])
    expect(document.querySelector('output')?.textContent).toBe('s streaming Be')

    await show(<Badge run={id} />)
    agent.latest.text('cause')
    await frame()
    expect(document.querySelector('output')?.textContent).toBe('s streaming Because')
    agent.latest.end()
    await frame()
    expect(document.querySelector('output')?.textContent).toBe('s completed Because')
  })

  it('renders who selects a part only when that part changes', async () => {
    const { agent, ask, client, show } = await renderShared()
    await ask('Why?')
    const rendered = vi.fn<(state: string | undefined) => void>()
    function State(): ReactNode {
      rendered(useQuery({ ...runQueryOptions(agent.latest.id), select: (mirrored) => mirrored?.run.state.type }, client).data)
      return null
    }
    await show([<BackgroundAgentChat key="chat" session="s" />, <State key="state" />])
    rendered.mockClear()
    agent.latest.text('one')
    await frame()
    agent.latest.text('two')
    await frame()
    expect(rendered).not.toHaveBeenCalled()
    agent.latest.end()
    await frame()
    expect(rendered.mock.calls).toEqual([['completed']])
  })

  it('is null for a run that this page knows nothing of', async () => {
    const { show } = await renderShared()
    await show(<Badge run="unheard-of" />)
    expect(document.querySelector('output')?.textContent).toBe('null')
  })

  it('writes nothing to the cache for runs that nobody asked about', async () => {
    const { agent, ask, client, show } = await renderShared()
    await ask('Why?')
    agent.latest.text('Because')
    agent.latest.end()
    await frame()
    expect(client.getQueryCache().findAll({ queryKey: ['rejoin', 'run'] })).toEqual([])
    expect(JSON.stringify(client.getMutationCache().getAll().map(({ state }) => state))).not.toContain('Why?')
    await show(null)
    expect(client.getMutationCache().getAll()).toEqual([])
  })

  it.each([
    ['being written', false],
    ['complete', true],
  ])('forgets an answer that is %s when the user is purged, also where no chat shows it any more (row 71)', async (_how, ended) => {
    const { agent, ask, client, show, user } = await renderShared()
    function LogOut(): ReactNode {
      const purge = usePurge()
      return <button onClick={() => void purge()}>Log out</button>
    }
    await ask('Why?')
    const { id } = agent.latest
    await show([<Badge key="badge" run={id} />, <LogOut key="out" />])
    agent.latest.text('A secret')
    if (ended) agent.latest.end()
    await frame()
    expect(document.querySelector('output')?.textContent).toBe(`s ${ended ? 'completed' : 'streaming'} A secret`)

    // As an app does that keeps the client's queries over a reload.
    client.setQueryData(['rejoin', 'run', 'earlier'], { message: 'A secret of before' })
    await user.click(screen.getByText('Log out'))
    await frame()
    expect(document.querySelector('output')?.textContent).toBe('null')
    await act(() => client.resetQueries())
    expect(client.getQueryData(runQueryOptions(id).queryKey)).toBeNull()
    await show(null)
    expect(JSON.stringify(client.getQueryCache().getAll().map(({ state }) => state.data))).not.toContain('A secret')
  })

  it('takes its copies with it when the user changes', async () => {
    const client = new QueryClient()
    const agent = manualAgent()
    const page = (user: string): ReactNode => (
      <QueryClientProvider client={client}>
        <BackgroundAgentProvider agent={agent} user={user} store={memoryRunStore()} tabs={soloTabs()} queryClient={client}>
          <BackgroundAgentChat session="s" />
        </BackgroundAgentProvider>
      </QueryClientProvider>
    )
    const { ask, rerender } = await renderChat(page('ada'))
    await ask('A secret')
    const { id } = agent.latest
    agent.latest.text('of Ada')
    await frame()
    const copy = await act(() => client.query(runQueryOptions(id)))
    expect(copy?.message?.parts).toEqual([{ type: 'text', text: 'of Ada' }])
    rerender(page('bob'))
    await frame()
    expect(client.getQueryData(runQueryOptions(id).queryKey)).toBeUndefined()
    // What was asked to find the runs goes too: it held the first one's messages.
    const keys = client.getQueryCache().getAll().map(({ queryKey }) => queryKey)
    expect(keys).toContainEqual(['rejoin', 'restore', 'bob', 's'])
    expect(JSON.stringify(keys)).not.toContain('ada')
  })
})

describe('a shared QueryClient', () => {
  it.each([
    ['cleared', (client: QueryClient) => client.clear()],
    ['invalidated', (client: QueryClient) => client.invalidateQueries()],
    ['reset', (client: QueryClient) => client.resetQueries()],
    ['cancelled', (client: QueryClient) => client.cancelQueries()],
    ['written over', (client: QueryClient) => client.setQueriesData({}, null)],
  ])('does not disturb the chat when it is %s', async (_how, disturb) => {
    const { agent, ask, client, parts, part, show } = await renderShared()
    await ask('Why?')
    agent.latest.text('Be')
    await show([<BackgroundAgentChat key="chat" session="s" />, <Badge key="badge" run={agent.latest.id} />])
    await act(async () => void (await disturb(client)))
    await frame()
    expect(parts('text').map((text) => text.textContent)).toEqual(['Why?', 'Be'])
    agent.latest.text('cause')
    agent.latest.end()
    await frame()
    expect(parts('text').map((text) => text.textContent)).toEqual(['Why?', 'Because'])
    expect(part('root').dataset['runState']).toBe('completed')
    expect(agent.latest.legs).toBe(1)
  })

  it('keeps the right copy when it is invalidated or reset', async () => {
    const { agent, ask, client, show } = await renderShared()
    await ask('Why?')
    agent.latest.text('Because')
    await show(<Badge run={agent.latest.id} />)
    const updates = (): number | undefined => client.getQueryState(runQueryOptions(agent.latest.id).queryKey)?.dataUpdateCount
    const before = updates()
    await act(() => client.invalidateQueries())
    expect(updates()).toBe(before)
    await act(() => client.resetQueries())
    await frame()
    expect(document.querySelector('output')?.textContent).toBe('s streaming Because')
  })

  it('does not lose a message that is being sent when it is cleared', async () => {
    const { agent, part, user, client } = await renderShared()
    await user.type(part('input'), 'Why?')
    act(() => {
      part('composer').dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
      client.clear()
    })
    await frame()
    expect(agent.latest.question).toBe('Why?')
    expect(part('input')).toHaveProperty('value', '')
  })

  it('sends and stops whatever its defaults and the network say', async () => {
    const client = new QueryClient({ defaultOptions: { mutations: { networkMode: 'online' }, queries: { networkMode: 'online' } } })
    onlineManager.setOnline(false)
    const { agent, ask, part, user } = await renderShared(client)
    await ask('Why?')
    expect(agent.runs).toHaveLength(1)
    await user.click(part('stop'))
    await frame()
    expect(agent.cancels).toBe(1)
    onlineManager.setOnline(true)
  })
})
