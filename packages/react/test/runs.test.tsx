import { memoryRunStore, userMessage, type Agent, type RunListing, type RunStore } from '@rejoin/core'
import { QueryClient } from '@tanstack/react-query'
import { act, cleanup } from '@testing-library/react'
import { Profiler, type ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat, Chat, useBackgroundAgent } from '../src/index.ts'
import { askToNotify, RunList, useRunNotifications, useRuns, useUnreadTitle, type ListedRun, type RunNotificationOptions } from '../src/runs.ts'
import { frame } from './support/frame.ts'
import { manualAgent, type ManualAgent } from './support/manualAgent.ts'
import { renderChat, type ChatPage } from './support/renderChat.tsx'

beforeEach(() => {
  // Goes on by itself, too: much of what happens here waits for nothing but its turn.
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 1 })
  document.title = 'Support'
})
afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** Another page of the app, with what tells of all runs. */
function Elsewhere({ children }: { children?: ReactNode }): ReactNode {
  const { runs, unread, markRead } = useRuns()
  return (
    <>
      <output>
        {unread} of {runs.length}
      </output>
      <button type="button" onClick={() => runs.forEach(({ id }) => markRead(id))}>
        Mark all
      </button>
      {children}
    </>
  )
}

function Title(): ReactNode {
  useUnreadTitle()
  return null
}

const told = (): string | null | undefined => document.querySelector('output')?.textContent

/** Asks in the chat, and goes to another page while the answer is written. */
async function askAndLeave(elsewhere: ReactNode, store: RunStore = memoryRunStore()): Promise<ChatPage> {
  const page = await renderChat(undefined, { store })
  await page.ask('Why?')
  page.rerender(elsewhere)
  await frame()
  return page
}

async function end({ agent }: ChatPage): Promise<void> {
  agent.latest.text('Because.')
  agent.latest.end()
  await frame()
  await frame()
}

describe('useRuns', () => {
  it('tells of a run that goes on and ends while its session is not on the page (row 68)', async () => {
    const page = await askAndLeave(<Elsewhere />)
    expect(told()).toBe('0 of 1')
    await end(page)
    expect(told()).toBe('1 of 1')
  })

  it('has nothing new once the session is on the page, also after a reload (row 68)', async () => {
    const page = await askAndLeave(<Elsewhere />)
    await end(page)
    page.rerender([<Elsewhere key="list" />, <BackgroundAgentChat key="chat" session="s" />])
    await frame()
    expect(told()).toBe('0 of 1')
    await page.reload()
    page.rerender(<Elsewhere />)
    await frame()
    expect(told()).toBe('0 of 1')
  })

  it('marks a run as seen', async () => {
    const page = await askAndLeave(<Elsewhere />)
    await end(page)
    await page.user.click(document.querySelector('button')!)
    await frame()
    expect(told()).toBe('0 of 1')
  })

  it('renders again for what a list shows, not for each word', async () => {
    let renders = 0
    function Counted(): ReactNode {
      useRuns()
      return null
    }
    const { agent } = await askAndLeave(
      <Profiler id="runs" onRender={() => (renders += 1)}>
        <Counted />
      </Profiler>,
    )
    agent.latest.text('a')
    await frame()
    const before = renders
    expect(before).toBeGreaterThan(0)
    for (const word of ['b', 'c', 'd']) {
      agent.latest.text(word)
      await frame()
    }
    expect(renders).toBe(before)
  })
})

describe('RunList', () => {
  it('lists runs as buttons, and says in words which are new', async () => {
    const onOpen = vi.fn<(run: ListedRun) => void>()
    const page = await askAndLeave(<RunList onOpen={onOpen} aria-label="Your questions" />)
    expect(page.part('run').textContent).toBe('Why? working')
    await end(page)
    expect(page.part('run').textContent).toBe('Why? New: answered')
    expect(page.part('run')).toHaveProperty('dataset.unread', 'true')
    await page.user.click(page.getByRole('button'))
    expect(onOpen).toHaveBeenCalledWith(expect.objectContaining({ session: 's', unread: true }))
  })

  it('lists them as links where it is told to what', async () => {
    const page = await askAndLeave(<RunList href={({ session }) => `#/chat/${session}`} />)
    expect(page.getByRole('link').getAttribute('href')).toBe('#/chat/s')
  })

  it('does not say that a run works of which nothing is known', async () => {
    const store = memoryRunStore()
    await store.begin({ id: 'lost', session: 's', message: userMessage('Why?'), createdAt: Date.now() })
    const page = await renderChat(<RunList />, { store })
    await act(() => vi.advanceTimersByTimeAsync(1_000))
    await frame()
    expect(page.part('run').textContent).toBe('Why? open it to see')
  })

  it('is not there while there are no runs', async () => {
    const { container } = await renderChat(<RunList />)
    expect(container.textContent).toBe('')
  })
})

describe('useUnreadTitle', () => {
  it('puts the number before the title while there is something new, and takes it away (row 68)', async () => {
    const page = await askAndLeave([<Elsewhere key="list" />, <Title key="title" />])
    expect(document.title).toBe('Support')
    await end(page)
    expect(document.title).toBe('(1) Support')
    await page.user.click(document.querySelector('button')!)
    await frame()
    expect(document.title).toBe('Support')
  })

  it('leaves the title to the app, which may set another one meanwhile', async () => {
    const page = await askAndLeave(<Title />)
    await end(page)
    document.title = 'Orders'
    await frame()
    expect(document.title).toBe('(1) Orders')
    page.rerender(<p>Without</p>)
    await frame()
    expect(document.title).toBe('Orders')
  })

  it.each([
    ['none', '', '(1)'],
    ['one that begins with a number of its own', '(1) Inbox', '(1) (1) Inbox'],
  ])('counts once where the app has %s, and leaves nothing behind', async (_what, title, counted) => {
    document.title = title
    const page = await askAndLeave([<Elsewhere key="list" />, <Title key="title" />])
    await end(page)
    expect(document.title).toBe(counted)
    document.head.append(document.createElement('meta'))
    await frame()
    expect(document.title).toBe(counted)
    await page.user.click(document.querySelector('button')!)
    await frame()
    expect(document.title).toBe(title)
  })
})

describe('useRunNotifications', () => {
  class FakeNotification {
    static permission: NotificationPermission = 'granted'
    static requestPermission = vi.fn<() => Promise<NotificationPermission>>(async () => 'granted')
    static shown: FakeNotification[] = []
    onclick: (() => void) | null = null
    closed = false
    readonly title: string
    readonly options: NotificationOptions
    constructor(title: string, options: NotificationOptions) {
      this.title = title
      this.options = options
      FakeNotification.shown.push(this)
    }
    close(): void {
      this.closed = true
    }
  }

  beforeEach(() => {
    FakeNotification.permission = 'granted'
    FakeNotification.shown = []
    vi.stubGlobal('Notification', FakeNotification)
  })

  function Notifier(options: RunNotificationOptions): ReactNode {
    useRunNotifications(options)
    return null
  }

  /** Until a tab that shows the run would have said so. */
  async function aMoment(ms = 1_000): Promise<void> {
    await act(() => vi.advanceTimersByTimeAsync(ms))
    await frame()
  }

  it('shows one for an answer that nobody sees; a click on it leads back (rows 68, 69)', async () => {
    const onOpen = vi.fn<(run: ListedRun) => void>()
    const focus = vi.spyOn(window, 'focus').mockImplementation(() => {})
    const page = await askAndLeave(<Notifier onOpen={onOpen} />)
    await end(page)
    await aMoment()
    expect(FakeNotification.shown.map(({ title, options }) => [title, options.body])).toContainEqual(['Your answer is ready', 'Why?'])
    await page.reload()
    page.rerender([<Elsewhere key="list" />, <Notifier key="a" />])
    await aMoment()
    expect(FakeNotification.shown).toHaveLength(1)
    FakeNotification.shown[0]?.onclick?.()
    expect(focus).toHaveBeenCalled()
    expect(onOpen).toHaveBeenCalledWith(expect.objectContaining({ session: 's' }))
  })

  it('shows none for what is on the page, and closes that of an answer that has been seen since', async () => {
    const page = await renderChat([<BackgroundAgentChat key="chat" session="s" />, <Notifier key="n" />])
    await page.ask('Why?')
    await end(page)
    await aMoment()
    expect(FakeNotification.shown).toEqual([])
    await page.ask('Really?')
    page.rerender([<p key="chat">Elsewhere</p>, <Notifier key="n" />])
    await end(page)
    await aMoment()
    expect(FakeNotification.shown.map(({ closed }) => closed)).toEqual([false])
    page.rerender([<BackgroundAgentChat key="chat" session="s" />, <Notifier key="n" />])
    await frame()
    expect(FakeNotification.shown.map(({ closed }) => closed)).toEqual([true])
  })

  it('shows another one for the second question of a run', async () => {
    const page = await askAndLeave(<Notifier />)
    page.agent.latest.ask({ type: 'request', kind: 'auth', id: 'login', prompt: 'Sign in there.' })
    await aMoment()
    expect(FakeNotification.shown.map(({ title, closed }) => [title, closed])).toEqual([['The agent has a question', false]])
    page.agent.latest.ask({ type: 'request', kind: 'input', id: 'city', prompt: 'Which city?' })
    await aMoment(10_000)
    expect(FakeNotification.shown.map(({ closed }) => closed)).toEqual([true, false])
  })

  it('shows none without permission, and never asks for it', async () => {
    FakeNotification.permission = 'default'
    const page = await askAndLeave(<Notifier />)
    await end(page)
    await aMoment()
    expect(FakeNotification.shown).toEqual([])
    expect(FakeNotification.requestPermission).not.toHaveBeenCalled()
    expect(await askToNotify()).toBe('granted')
    vi.stubGlobal('Notification', undefined)
    expect(await askToNotify()).toBe('denied')
  })
})

describe('onFinish', () => {
  it('of a session that is not on the page waits until it is, and is called once (row 69)', async () => {
    const onFinish = vi.fn<() => void>()
    function Chatting(): ReactNode {
      return <Chat.Root chat={useBackgroundAgent({ session: 's', onFinish })} />
    }
    const page = await askAndLeave(<Elsewhere />)
    await end(page)
    expect(onFinish).not.toHaveBeenCalled()
    page.rerender(<Chatting />)
    await frame()
    expect(onFinish).toHaveBeenCalledTimes(1)
    await page.reload()
    page.rerender(<Chatting />)
    await frame()
    expect(onFinish).toHaveBeenCalledTimes(1)
  })
})

describe('runs of other devices', () => {
  function listing(list: Agent['list']): ManualAgent {
    return Object.assign(manualAgent(), { list })
  }

  it('are asked for where there is a user and an agent that can tell, with every option said (row 67)', async () => {
    const list = vi.fn<NonNullable<Agent['list']>>(async () => [])
    const defaultOptions = { queries: { enabled: false, networkMode: 'online', retry: 3, throwOnError: true, staleTime: Infinity } } as const
    const queryClient = new QueryClient({ defaultOptions })
    const { unmount } = await renderChat(undefined, { agent: listing(list), user: 'ada', queryClient })
    expect(list).toHaveBeenCalledTimes(1)
    const query = queryClient.getQueryCache().find({ queryKey: ['rejoin', 'runs', 'ada'], exact: false })
    expect(query?.options).toMatchObject({ networkMode: 'always', retry: false, gcTime: 0 })
    act(() => void document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
    await frame()
    expect(list).toHaveBeenCalledTimes(2)
    unmount()
    await frame()
    expect(queryClient.getQueryCache().findAll({ queryKey: ['rejoin', 'runs'] })).toEqual([])
  })

  it('are not asked for on a public page, nor of an agent that has no list', async () => {
    const list = vi.fn<NonNullable<Agent['list']>>(async () => [])
    const queryClient = new QueryClient()
    await renderChat(undefined, { agent: listing(list), user: null, queryClient })
    cleanup()
    await renderChat(undefined, { agent: manualAgent(), user: 'ada', queryClient })
    expect(list).not.toHaveBeenCalled()
    expect(queryClient.getQueryCache().findAll({ queryKey: ['rejoin', 'runs'] })).toEqual([])
  })

  it('that can not be asked for disturb nobody', async () => {
    const agent = listing(() => Promise.reject(new Error('Not now.')))
    const { ask, part } = await renderChat(undefined, { agent, user: 'ada' })
    await ask('Why?')
    agent.latest.text('Because.')
    await frame()
    expect(part('root').dataset.runState).toBe('streaming')
  })

  it('stream in the session that is on the page (row 67)', async () => {
    const agent = manualAgent()
    const device = await renderChat(undefined, { agent, user: 'ada' })
    await device.ask('Why?')
    const { id } = agent.latest
    cleanup()
    Object.assign(agent, { list: async () => [{ id, session: 's', state: 'running', startedAt: Date.now() }] satisfies RunListing[] })
    const { part } = await renderChat(undefined, { agent, user: 'ada' })
    await frame()
    agent.latest.text('Because.')
    await frame()
    expect(part('root').dataset.runId).toBe(id)
    expect(part('text').textContent).toBe('Because.')
    expect(agent.starts).toHaveLength(1)
  })
})
