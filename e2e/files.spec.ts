import { Buffer } from 'node:buffer'
import { writeFileSync } from 'node:fs'
import { type Locator, type Page } from '@playwright/test'
import { openChat } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

test.use({ example: { pace: 0 } })

/** Nothing but the upload may bring this anywhere. */
const marker = 'only-in-this-file-7b1f'
const csv = { name: 'sales of March.csv', mimeType: 'text/csv', buffer: Buffer.from(`${marker}\n`.repeat(52_000)) }

/** All that the page's databases hold, as text. */
async function storedBy(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    function done<T>(request: IDBRequest<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    }
    const values: unknown[] = []
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name))
      for (const store of database.objectStoreNames) values.push(...(await done(database.transaction(store).objectStore(store).getAll())))
      database.close()
    }
    return JSON.stringify(values, (_, value) => (value instanceof Blob ? `a blob of ${value.size} bytes` : value))
  })
}

/** Uploads take their time until it is called. */
async function slowUploads(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page)
  const limit = (uploadThroughput: number) => session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput })
  await limit(100_000)
  return async () => void (await limit(-1))
}

/** A file on this machine, by its path. */
function fileOf(name: string, content: string | Buffer): string {
  const file = test.info().outputPath(name)
  writeFileSync(file, content)
  return file
}

/** The person drags files over something: real events, as the browser makes them. */
async function dragOver(target: Locator, files: readonly string[]): Promise<{ drop(): Promise<void> }> {
  const session = await target.page().context().newCDPSession(target.page())
  const { x = 0, y = 0, width = 0, height = 0 } = (await target.boundingBox()) ?? {}
  async function drag(type: 'dragEnter' | 'dragOver' | 'drop'): Promise<void> {
    const data = { items: [], files: [...files], dragOperationsMask: 1 }
    await session.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data })
  }
  await drag('dragEnter')
  await drag('dragOver')
  return { drop: () => drag('drop') }
}

test('a file that is picked is uploaded, sent by its address, and nowhere else', async ({ page, browser, wire }) => {
  const starts: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/runs')) starts.push(request.postData() ?? '')
  })
  const chat = await openChat(page, wire.url)
  const fast = await slowUploads(page)
  const choosing = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Attach files' }).click()
  await (await choosing).setFiles(csv)
  const progress = page.getByRole('progressbar', { name: `Upload of ${csv.name}` })
  await expect.poll(async () => Number(await progress.getAttribute('value')), { intervals: [20] }).toBeGreaterThan(0)
  expect(Number(await progress.getAttribute('value'))).toBeLessThan(1)
  await chat.ask('How did the North do?')
  await expect(page.locator('[data-chat-part="attachments"]')).toContainText('still being uploaded')
  await expect(chat.input).toHaveValue('How did the North do?')
  expect(starts).toEqual([])
  await fast()

  await expect(progress).toHaveCount(0)
  await chat.input.press('Enter')
  await chat.state('completed')
  expect(await chat.answer()).toMatch(/^I have got \*\*sales of March\.csv\*\* \(1\.2\u00a0MB\)\. .*\n\n## North/)
  expect(starts).toHaveLength(1)
  expect(starts[0]).toContain('/api/files/')
  expect(starts[0]).not.toContain(marker)
  const stored = await storedBy(page)
  expect(stored).toContain('/api/files/')
  expect(stored).not.toContain(marker)
  expect(stored).not.toContain('a blob of')

  await page.reload()
  const link = page.locator('[data-role="user"]').getByRole('link', { name: csv.name })
  const address = new URL((await link.getAttribute('href')) ?? '', wire.url).href
  expect(await (await page.request.get(address)).body()).toEqual(csv.buffer)
  const stranger = await browser.newContext()
  const strange = await openChat(await stranger.newPage(), wire.url)
  expect((await strange.page.request.get(address)).status()).toBe(404)
  await stranger.close()
})

test('files are dropped on the composer, and taken away again before they are sent or there', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  const fast = await slowUploads(page)
  const composer = page.locator('[data-chat-part="composer"]')
  const drag = await dragOver(composer, [fileOf('notes.txt', 'well done'), fileOf('large.bin', Buffer.alloc(2_000_000))])
  await expect(composer).toHaveAttribute('data-dragging')
  await drag.drop()
  await expect(composer).not.toHaveAttribute('data-dragging')
  const files = page.getByRole('list', { name: 'Files to send' }).getByRole('listitem')
  await expect(files).toHaveCount(2)
  const broken = page.waitForEvent('requestfailed', (request) => request.url().includes('large.bin'))
  await page.getByRole('button', { name: 'Remove large.bin' }).click()
  await broken
  await fast()
  await expect(files).toHaveCount(1)
  await expect(page.locator('[data-attachment-state="uploading"]')).toHaveCount(0)
  await chat.ask('What have I sent?')
  await chat.state('completed')
  expect(await chat.answer()).toMatch(/^I have got \*\*notes\.txt\*\* \(9 bytes\)\./)
  await expect(files).toHaveCount(0)
})

test('a file that can not be uploaded stays, is tried again, and goes with its message', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  await page.route('**/api/files**', (route) => route.abort())
  await page.getByLabel('Files to attach').setInputFiles({ ...csv, buffer: Buffer.from('short') })
  const files = page.locator('[data-chat-part="attachments"]')
  await expect(files).toContainText('could not be uploaded')
  await page.unroute('**/api/files**')
  await page.getByRole('button', { name: `Try again: ${csv.name}` }).click()
  await expect(page.locator('[data-attachment-state="done"]')).toHaveCount(1)
  await chat.ask('North')
  await chat.state('completed')
  expect(await chat.answer()).toMatch(/^I have got \*\*sales of March\.csv\*\* \(5 bytes\)\./)
})
