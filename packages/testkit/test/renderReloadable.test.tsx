// @vitest-environment happy-dom
import { idbRunStore, memoryRunStore, proxyAgent, type Agent, type FinishedRun, type RunStore } from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { handlerFetch, scriptedAgent } from '@rejoin/testkit'
import { haltAfter, renderReloadable } from '@rejoin/testkit/react'
import { act, cleanup, render, screen, within } from '@testing-library/react'
import { useEffect, useState, type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { wrappedStore } from './faults/wrappedStore.ts'
import { App, answer, ask, ended, idle, ready, shows, steps, text, updates } from './react/chatPage.tsx'
import { noComplaints } from './react/noComplaints.ts'

noComplaints()

afterEach(async () => {
  cleanup()
  vi.useRealTimers()
  await idbRunStore(null).purge()
})

describe('a reload', () => {
  for (const how of ['reload', 'crash'] as const) {
    it(`goes on to the same text after a ${how} at each update (row 61)`, async () => {
      for (let update = 1; update <= updates; update += 1) {
        const kept = memoryRunStore()
        const scripted = scriptedAgent({ steps })
        const agent = haltAfter(update, scripted)
        const page = renderReloadable((life) => <App agent={life.agent(agent)} store={life.store(kept)} />)
        await ready()
        ask()
        await act(() => agent.halted)
        await page[how]()
        await ended()
        expect([update, answer(), scripted.started]).toEqual([update, text, 1])
        page.unmount()
      }
    })
  }

  it('shows what was there before anything is asked for', async () => {
    const kept = memoryRunStore()
    const agent = haltAfter(3, scriptedAgent({ steps }))
    const unreachable: Agent = { ...agent, runStreaming: () => { throw new Error('Asked.') } }
    let loads = 0
    const page = renderReloadable((life) => <App agent={(loads += 1) === 1 ? agent : unreachable} store={life.store(kept)} />)
    await ready()
    ask()
    await act(() => agent.halted)
    await page.reload()
    await shows('Because it ')
    expect(answer()).toBe('Because it ')
  })

  it('is one for an app that makes everything itself, behind its server', async () => {
    const proxy = createAgentProxy({
      agent: backgroundAgent(async function* () {
        for (const step of steps) {
          await new Promise((resolve) => setTimeout(resolve, 15))
          if (typeof step === 'string') yield step
        }
      }),
      secret: 'not a secret, but as long as one has to be',
      authorize: () => null,
    })
    const requests: string[] = []
    const fetch = handlerFetch((request) => {
      requests.push(request.method)
      return proxy(request)
    })
    function OwnApp(): ReactNode {
      const [agent] = useState(() => proxyAgent({ url: '/api/agent', fetch }))
      return <App agent={agent} />
    }
    const page = renderReloadable(() => <OwnApp />)
    await ready()
    ask()
    await shows('Because')
    await page.reload()
    await shows('Because')
    await ended()
    expect(answer()).toBe(text)
    expect(requests).toEqual(['POST', 'GET'])
  })

  it('works with time that is faked', async () => {
    vi.useFakeTimers()
    const kept = memoryRunStore()
    const page = renderReloadable((life) => <App agent={life.agent(scriptedAgent({ steps }, { paceMs: 1_000 }))} store={life.store(kept)} />)
    const pass = (ms: number): Promise<unknown> => act(() => vi.advanceTimersByTimeAsync(ms))
    await pass(20)
    ask()
    await pass(2_500)
    expect(answer()).toBe('Because ')
    await page.reload()
    await pass(20)
    expect(answer()).toBe('Because ')
    await pass(5_000)
    expect(answer()).toBe(text)
  })

  it('tells the page that it goes, and whoever has stayed that it is back', async () => {
    const hears = (told: string[]): (() => void) => {
      const stop = new AbortController()
      for (const type of ['pagehide', 'pageshow'] as const) {
        window.addEventListener(type, ({ persisted }) => told.push(`${type} ${persisted}`), stop)
      }
      document.addEventListener('visibilitychange', () => told.push(document.visibilityState), stop)
      return () => stop.abort()
    }
    const told: string[] = []
    const stayed: string[] = []
    function Listening(): ReactNode {
      useEffect(() => hears(told), [])
      return null
    }
    const page = renderReloadable(({ store }) => (store(memoryRunStore()), <Listening />))
    const stop = hears(stayed)
    await page.reload()
    expect(told).toEqual(['pagehide false', 'hidden'])
    expect(stayed).toEqual(['pagehide false', 'hidden', 'pageshow true', 'visible'])
    expect(document.visibilityState).toBe('visible')
    await page.crash()
    expect([told.length, stayed.length]).toEqual([2, 4])
    stop()
  })

  it('leaves the other pages of the test, which go on', async () => {
    const kept = memoryRunStore()
    const [first, second, third] = ['first', 'second', 'third'].map((session) => {
      const agent = haltAfter(3, scriptedAgent({ steps }))
      return { session, agent, page: <App agent={agent} store={kept} session={session} /> }
    })
    if (!first || !second || !third) throw new Error('There are three.')
    const reloaded = renderReloadable((life) => <App agent={life.agent(first.agent)} store={life.store(kept)} session={first.session} />)
    const pages = [reloaded, renderReloadable(() => second.page), render(third.page)]
    for (const { container } of pages) {
      await ready(within(container))
      ask('Why?', within(container))
    }
    await act(() => Promise.all([first, second, third].map(({ agent }) => agent.halted)))
    await reloaded.reload()
    for (const { container } of pages) await ended('completed', within(container))
    expect(pages.map(({ container }) => answer(within(container)))).toEqual([text, text, text])
  })

  it('loses what is in memory and makes it anew', async () => {
    let loads = 0
    function Count({ load }: { load: number }): ReactNode {
      const [first] = useState(load)
      return <output>{first}</output>
    }
    const page = renderReloadable(() => <Count load={(loads += 1)} />)
    const { container } = page
    await page.reload()
    expect(page.getByRole('status').textContent).toBe('2')
    expect(page.container).not.toBe(container)
    expect(document.body.children).toHaveLength(1)
    page.rerender(<p>Another page</p>)
    expect(page.container.textContent).toBe('Another page')
    page.unmount()
    expect(page.container.childElementCount).toBe(0)
  })
})

describe('what a page stores where nothing is said', () => {
  it('outlives it, and no other page of any test finds it', async () => {
    for (const how of ['reload', 'crash'] as const) {
      const agent = haltAfter(3, scriptedAgent({ steps }))
      const page = renderReloadable(({ store }) => <App agent={agent} store={store()} />)
      await ready()
      expect([how, answer()]).toEqual([how, ''])
      ask()
      await act(() => agent.halted)
      await page[how]()
      await ended()
      expect(answer()).toBe(text)
      page.unmount()
    }
    expect(await idbRunStore(null).load('s')).toEqual([])
  })
})

describe('a page that has gone', () => {
  it('writes once more when it is reloaded, and not when it crashes', async () => {
    for (const how of ['reload', 'crash'] as const) {
      const kept = memoryRunStore()
      const left: number[] = []
      const agent = haltAfter(3, scriptedAgent({ steps }))
      let loads = 0
      const page = renderReloadable((life) => {
        const load = (loads += 1)
        const store: RunStore = {
          ...kept,
          // The first page hears of none of its writes.
          append: (key, write) => (load === 1 ? new Promise(() => {}) : kept.append(key, write)),
          leave(key, writes) {
            left.push(load)
            return kept.leave(key, writes)
          },
        }
        return <App agent={life.agent(agent)} store={life.store(store)} />
      })
      await ready()
      ask()
      await act(() => agent.halted)
      await page[how]()
      await ended()
      await idle()
      expect([how, left]).toEqual([how, how === 'reload' ? [1] : []])
      page.unmount()
    }
  })

  for (const how of ['reload', 'crash'] as const) {
    it(`has no connection any more after a ${how}`, async () => {
      const kept = memoryRunStore()
      const agent = haltAfter(3, scriptedAgent({ steps }, { paceMs: 5 }))
      let open = 0
      let most = 0
      const counted: Agent = {
        ...agent,
        async *runStreaming(messages, options) {
          open += 1
          most = Math.max(most, open)
          try {
            yield* agent.runStreaming(messages, options)
          } finally {
            open -= 1
          }
        },
      }
      const page = renderReloadable((life) => <App agent={life.agent(counted)} store={life.store(kept)} />)
      await ready()
      ask()
      await act(() => agent.halted)
      await page[how]()
      await ended()
      expect([open, most]).toEqual([0, 1])
    })
  }

  it('starts nothing with an answer of its store that comes after', async () => {
    const kept = memoryRunStore()
    const scripted = scriptedAgent({ steps })
    let answerNow = (): void => {}
    const held = new Promise<void>((resolve) => {
      answerNow = resolve
    })
    let loads = 0
    const page = renderReloadable((life) => {
      loads += 1
      const slow = wrappedStore(kept, async (transaction) => {
        const result = await transaction()
        if (asked) await held
        return result
      })
      return <App agent={life.agent(scripted)} store={life.store(loads === 1 ? slow : kept)} />
    })
    let asked = false
    await ready()
    asked = true
    ask()
    await idle()
    await page.reload()
    await ended()
    const calls = scripted.calls.length
    answerNow()
    await idle()
    expect(scripted.calls).toHaveLength(calls)
    expect([scripted.started, scripted.legs, screen.getByTestId('questions').textContent]).toEqual([1, 1, '1'])
  })

  it('hears of no end, and the next one hears of it once', async () => {
    const kept = memoryRunStore()
    const finished: [load: number, FinishedRun][] = []
    let loads = 0
    const agent = haltAfter(2, scriptedAgent({ steps }))
    const page = renderReloadable((life) => {
      const load = (loads += 1)
      return <App agent={life.agent(agent)} store={life.store(kept)} onFinish={(run) => finished.push([load, run])} />
    })
    await ready()
    ask()
    await act(() => agent.halted)
    await page.crash()
    await ended()
    await page.reload()
    await idle()
    expect(finished.map(([load, { run }]) => [load, run.state.type])).toEqual([[2, 'completed']])
  })

  it('can not crash where nobody can take its store from it', async () => {
    const page = renderReloadable(() => <App agent={scriptedAgent({ steps })} store={memoryRunStore()} />)
    await ready()
    await expect(page.crash()).rejects.toThrow('store={store()}')
  })
})
