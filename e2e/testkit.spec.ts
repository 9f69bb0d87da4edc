import { type WirePoint } from '@rejoin/testkit/playwright'
import { chatOn, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

const points: readonly [name: string, point: WirePoint][] = [
  ['the first update', 1],
  ['the twelfth update', 12],
  ['the last update', ({ update }) => update.type === 'end'],
]

for (const [name, point] of points) {
  test(`a connection that is cut at ${name} leaves the answer identical`, async ({ page, server, wire, undisturbed }) => {
    const cut = wire.at(point).cut()
    await page.goto('/?view=source')
    const chat = chatOn(page)
    await chat.ask(report)
    await cut
    await chat.state('completed')
    expect(await chat.answer()).toBe(undisturbed)
    expect(server.started).toHaveLength(1)
    expect(wire.mostStreams()).toBe(1)
  })

  test(`a page that is reloaded at ${name} leaves the answer identical`, async ({ page, server, wire, undisturbed }) => {
    const reloaded = wire.at(point).reload(page)
    await page.goto('/?view=source')
    const chat = chatOn(page)
    await chat.ask(report)
    await reloaded
    await chat.state('completed')
    expect(await chat.answer()).toBe(undisturbed)
    expect(server.started).toHaveLength(1)
    expect(wire.mostStreams()).toBe(1)
  })
}

test('a device that is offline for a while goes on when it is back', async ({ page, context, wire, undisturbed }) => {
  await page.goto('/?view=source')
  const chat = chatOn(page)
  await chat.ask(report)
  const before = await chat.atLeast(300)
  await wire.offline(context)
  await chat.state('reconnecting')
  await wire.online(context)
  await chat.state('completed')
  expect((await chat.answer()).startsWith(before)).toBe(true)
  expect(await chat.answer()).toBe(undisturbed)
})
