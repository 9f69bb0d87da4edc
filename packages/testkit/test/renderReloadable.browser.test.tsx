import { idbRunStore, memoryRunStore } from '@rejoin/core'
import { scriptedAgent } from '@rejoin/testkit'
import { haltAfter, renderReloadable } from '@rejoin/testkit/react'
import { act, cleanup, within } from '@testing-library/react'
import { afterEach, expect, it } from 'vitest'
import { App, answer, ask, ended, ready, shows, steps, text, updates } from './react/chatPage.tsx'
import { noComplaints } from './react/noComplaints.ts'

noComplaints()

afterEach(async () => {
  cleanup()
  await idbRunStore(null).purge()
})

for (const how of ['reload', 'crash'] as const) {
  it(`a ${how} at each update goes on to the same text, from a real database and with a lock of its own (row 61)`, async () => {
    for (let update = 1; update <= updates; update += 1) {
      const scripted = scriptedAgent({ steps }, { paceMs: 5 })
      const agent = haltAfter(update, scripted)
      const page = renderReloadable((life) => <App agent={life.agent(agent)} store={life.store(idbRunStore(null))} />)
      await ready()
      ask()
      await act(() => agent.halted)
      await page[how]()
      const { held = [], pending = [] } = await navigator.locks.query()
      expect([held.length <= 1, pending.length]).toEqual([true, 0])
      await ended()
      expect([update, answer(), scripted.started]).toEqual([update, text, 1])
      page.unmount()
      await idbRunStore(null).purge()
    }
  })
}

it('an app with a store of its own goes on after a reload', async () => {
  const agent = haltAfter(3, scriptedAgent({ steps }))
  const page = renderReloadable(() => <App agent={agent} />)
  await ready()
  ask()
  await act(() => agent.halted)
  await page.reload()
  await ended()
  expect(answer()).toBe(text)
})

it('two pages with one store are two tabs: the other one goes on when the one that reads is reloaded', async () => {
  const scripted = scriptedAgent({ steps })
  const agent = haltAfter(3, scripted)
  const kept = memoryRunStore()
  const [reader, follower] = [1, 2].map(() => renderReloadable((life) => <App agent={life.agent(agent)} store={life.store(kept)} />))
  if (!reader || !follower) throw new Error('There are two.')
  const pages = [reader, follower]
  for (const { container } of pages) await ready(within(container))
  ask('Why?', within(reader.container))
  await act(() => agent.halted)
  await shows('Because it ', within(follower.container))
  expect(scripted.legs).toBe(1)
  await reader.reload()
  for (const { container } of pages) await ended('completed', within(container))
  expect(pages.map(({ container }) => answer(within(container)))).toEqual([text, text])
  expect([scripted.started, scripted.legs]).toEqual([1, 2])
})
