import { setTimeout as passed } from 'node:timers/promises'
import { seededRandom } from '@rejoin/testkit'
import { openChat, report } from './chatPage.ts'
import { type ExampleServer } from './exampleServer.ts'
import { expect, test } from './fixtures.ts'

test.use({ example: { pace: 0.1 } })

/** What all processes of one server did together. */
function worked(servers: readonly ExampleServer[]): { runs: number; started: number; goneOn: number } {
  const started = servers.flatMap((server) => server.started)
  const goneOn = servers.flatMap((server) => server.goneOn)
  return { runs: new Set([...started, ...goneOn]).size, started: started.length, goneOn: goneOn.length }
}

for (const moments of momentsOf(20, 4)) {
  const shares = moments.map((share) => `${Math.round(share * 100)} %`).join(', ')
  test(`a server that is killed at ${shares} of a report, and started again, goes on with it each time (row 84)`, async ({ page, server, wire, undisturbed }) => {
    test.setTimeout(120_000)
    const chat = await openChat(page, wire.url)
    await chat.ask(report)
    const servers = [server]
    let running = server
    let shown = ''
    try {
      for (const share of moments) {
        await chat.atLeast(Math.max(shown.length, Math.floor(share * undisturbed.length)))
        await running.kill()
        const before = await chat.answer()
        expect(before.startsWith(shown)).toBe(true)
        running = await running.startAgain()
        servers.push(running)
        const ready = performance.now()
        shown = await chat.atLeast(before.length + 1)
        const description = ((performance.now() - ready) / 1000).toFixed(2)
        test.info().annotations.push({ type: 'seconds from a server to the next character', description })
        expect(undisturbed.startsWith(shown)).toBe(true)
      }
      await chat.state('completed')
      expect(await chat.answer()).toBe(undisturbed)
      expect(worked(servers)).toEqual({ runs: 1, started: 1, goneOn: moments.length })
    } finally {
      await running.stop()
    }
  })
}

test('a server that is killed at any moment of a start, and started again, answers over one run (rows 4, 84)', async ({ page, server, wire, undisturbed }) => {
  test.setTimeout(120_000)
  const random = seededRandom(7)
  let running = server
  try {
    const chat = await openChat(page, wire.url)
    for (let round = 1; round <= 8; round += 1) {
      const servers = [running]
      const before = worked(servers)
      const asked = page.waitForRequest((request) => request.method() === 'POST')
      await chat.ask(report)
      await asked
      await passed(random.next() * 30)
      await running.kill()
      running = await running.startAgain()
      servers.push(running)
      await expect(page.locator('[data-role="assistant"] [data-chat-part="text"]')).toHaveCount(round, { timeout: 30_000 })
      await chat.atLeast(100)
      const after = worked(servers)
      expect(after.runs - before.runs).toBe(1)
      expect(after.started - before.started).toBe(1)
      if (round === 8) break
      await chat.stopButton.click()
      await chat.state('cancelled')
    }
    await chat.state('completed')
    expect(await chat.answer()).toBe(undisturbed)
  } finally {
    await running.stop()
  }
})

/** Random shares of a report, in groups that ascend. */
function momentsOf(count: number, perReport: number): number[][] {
  const random = seededRandom(84)
  const all = Array.from({ length: count }, () => random.next() * 0.9)
  return Array.from({ length: count / perReport }, (_, n) => all.slice(n * perReport, (n + 1) * perReport).toSorted((a, b) => a - b))
}
