import type { Page } from '@playwright/test'
import { openChat, report } from './chatPage.ts'
import { startExample } from './exampleServer.ts'
import { expect, test } from './fixtures.ts'

test('an empty message is refused with a sentence, and sends nothing', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask('   \n ')
  await expect(chat.status).toHaveAttribute('data-error-code', 'empty_message')
  await expect(chat.status).toContainText('The message is empty')
  await chat.input.fill('How did the North do?')
  await expect(chat.status).not.toHaveAttribute('data-error-code')
  expect(wire.requests).toEqual([])
})

test('a second message while an answer is written is refused, and its text stays', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await chat.atLeast(200)
  await chat.ask('How did the North do?')
  await expect(chat.status).toHaveAttribute('data-error-code', 'busy')
  await expect(chat.status).toContainText('only one can be written at a time')
  await expect(chat.input).toHaveValue('How did the North do?')
  await expect(chat.input).toBeFocused()
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  await chat.input.press('Enter')
  await expect.poll(() => server.started.length).toBe(2)
  await expect(chat.input).toHaveValue('')
})

test('a corrupt token expires the run, says so, and keeps its text', async ({ page, server, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  const before = await chat.atLeast(400)
  await page.route('**/api/agent/**', (route) => route.abort())
  await page.goto('about:blank')
  await page.goto(`${wire.url}/blank.txt`)
  await changeHandles(page, (handle) => `${handle.slice(0, -4)}AAAA`)
  await page.unroute('**/api/agent/**')
  await openChat(page, wire.url)
  await chat.state('expired')
  await expect(chat.status).toContainText(/no longer/)
  expect((await chat.answer()).startsWith(before)).toBe(true)
  expect(server.started).toHaveLength(1)
})

test('a run that the server does not know any more expires, and the next question is answered (row 28)', async ({ page, server, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  const before = await chat.atLeast(400)
  wire.refuse()
  await chat.state('reconnecting')
  const other = await startExample({ pace: 0 })
  wire.target(other.url)
  wire.accept()
  await chat.state('expired')
  expect((await chat.answer()).startsWith(before)).toBe(true)
  await chat.ask('How did the North do?')
  await chat.state('completed')
  await expect(page.locator('[data-role="user"]')).toHaveText([report, 'How did the North do?'])
  expect(server.started).toHaveLength(1)
  await other.stop()
})

test('a gateway’s error page is no answer: it is tried again and the text comes', async ({ page, server, wire, undisturbed }) => {
  const chat = await openChat(page, wire.url)
  let broken = true
  await page.route('**/api/agent/**', (route) =>
    broken ? route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }) : route.continue(),
  )
  await chat.ask(report)
  await chat.state('reconnecting')
  await expect(chat.status).not.toContainText('Bad gateway')
  broken = false
  await chat.state('completed')
  expect(await chat.answer()).toBe(undisturbed)
  expect(server.started).toHaveLength(1)
})

/** Changes the handles of all continuation tokens that the browser keeps. */
async function changeHandles(page: Page, change: (handle: string) => string): Promise<void> {
  const count = await page.evaluate(async (changeSource) => {
    const corrupt = new Function(`return (${changeSource})`)()
    const settled = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const db = await settled(indexedDB.open('rejoin'))
    const store = db.transaction('runs', 'readwrite').objectStore('runs')
    let changed = 0
    for (const key of await settled(store.getAllKeys())) {
      if (!Array.isArray(key) || key[2] !== 2) continue
      const record = await settled(store.get(key))
      await settled(store.put({ ...record, value: corrupt(record.value) }, key))
      changed += 1
    }
    db.close()
    return changed
  }, change.toString())
  expect(count).toBe(1)
}
