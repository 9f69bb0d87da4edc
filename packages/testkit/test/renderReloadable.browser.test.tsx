import { idbRunStore } from '@rejoin/core'
import { scriptedAgent } from '@rejoin/testkit'
import { haltAfter, renderReloadable } from '@rejoin/testkit/react'
import { act, cleanup } from '@testing-library/react'
import { afterEach, expect, it } from 'vitest'
import { App, answer, ask, ended, ready, steps, text, updates } from './react/chatPage.tsx'
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
      const page = renderReloadable((life) => <App agent={life.agent(agent)} store={life.store()} />)
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
