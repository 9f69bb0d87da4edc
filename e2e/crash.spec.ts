import { openChat, report } from './chatPage.ts'
import { type ExampleServer } from './exampleServer.ts'
import { expect, test } from './fixtures.ts'
import { seededRandom } from '@rejoin/testkit'

test.use({ example: { pace: 0.2 } })

const killsPerReport = 4

for (const [seed, moments] of momentsOf(20, killsPerReport).entries()) {
  test(`a server killed ${moments.map((share) => `at ${Math.round(share * 100)} %`).join(', ')} and started again goes on with the same report (row 84)`, async ({ page, server, wire, undisturbed }) => {
    test.setTimeout(120_000)
    const chat = await openChat(page, wire.url)
    await chat.ask(report)
    const servers: ExampleServer[] = [server]
    const seconds: string[] = []
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
        seconds.push(((performance.now() - ready) / 1000).toFixed(1))
        expect(undisturbed.startsWith(shown)).toBe(true)
        await expect(chat.root).not.toHaveAttribute('data-run-state', 'failed')
      }
      await chat.state('completed')
      expect(await chat.answer()).toBe(undisturbed)
      expect(new Set(servers.flatMap(({ started, goneOn }) => [...started, ...goneOn])).size).toBe(1)
      expect(servers.map(({ started }) => started.length)).toEqual([1, 0, 0, 0, 0])
      expect(servers.map(({ goneOn }) => goneOn.length)).toEqual([0, 1, 1, 1, 1])
      test.info().annotations.push({ type: 'seconds from the server being there to the next character', description: seconds.join(' ') })
    } finally {
      await running.stop()
    }
  })
  void seed
}

/** In ascending groups: those of one report come one after the other. */
function momentsOf(count: number, perReport: number): number[][] {
  const random = seededRandom(84)
  const all = Array.from({ length: count }, () => random.next() * 0.95)
  return Array.from({ length: count / perReport }, (_, n) => all.slice(n * perReport, (n + 1) * perReport).toSorted((a, b) => a - b))
}
