import { openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

test.use({ example: { pace: 0.35 } })

test('20 reloads at random points of one report leave its text identical, over one run and one connection at a time', async ({ page, server, wire, undisturbed }) => {
  test.setTimeout(120_000)
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  const random = mulberry32(20)
  // Random points of the text, in order: the reloads fall wherever the agent is then.
  const points = Array.from({ length: 20 }, () => Math.floor(random() * undisturbed.length)).toSorted((a, b) => a - b)
  let shown = ''
  for (const point of points) {
    const before = await chat.atLeast(Math.min(Math.max(point, shown.length), undisturbed.length))
    expect(before.startsWith(shown)).toBe(true)
    await page.reload()
    shown = await chat.atLeast(before.length)
    expect(undisturbed.startsWith(shown)).toBe(true)
  }
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
  expect(wire.mostStreams()).toBe(1)
})

/** A small seeded generator, so that a failure can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
