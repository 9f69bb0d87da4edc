import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type BrowserContext, type Page } from '@playwright/test'
import * as browsers from '../scripts/browsers.mjs'
import { startSite, type Site } from './away/site.ts'
import { chatOn, type ChatPage } from './chatPage.ts'

// Each starts browsers of its own.
test.setTimeout(120_000)

let site: Site
let profile: string
let context: BrowserContext | undefined
test.beforeAll(async () => {
  site = await startSite()
})
test.afterAll(() => site.close())
test.beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'rejoin-profile-'))
})
test.afterEach(async () => {
  await context?.close()
  context = undefined
  rmSync(profile, { recursive: true, force: true })
})

/** What a browser is told before it starts. */
interface Setting {
  /** No site may keep anything. */
  readonly denied?: boolean
  /** An origin has room for about this many bytes. */
  readonly quota?: number
}

type Playwright = Parameters<Parameters<typeof test>[2]>[0]['playwright']

const engines: { name: string; open(playwright: Playwright, setting?: Setting): Promise<Page> }[] = [
  {
    name: 'Chromium',
    async open({ chromium }, { denied = false, quota } = {}) {
      if (denied) {
        mkdirSync(join(profile, 'Default'), { recursive: true })
        writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }))
      }
      context = await chromium.launchPersistentContext(profile, browsers.chromium)
      const page = await context.newPage()
      if (quota !== undefined) {
        const devtools = await context.newCDPSession(page)
        await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.address('ada')).origin, quotaSize: quota })
      }
      return page
    },
  },
  {
    name: 'Firefox',
    async open({ firefox }, { denied = false, quota } = {}) {
      context = await firefox.launchPersistentContext(profile, {
        ...browsers.firefox,
        firefoxUserPrefs: {
          ...(denied && { 'network.cookie.cookieBehavior': 2 }),
          // In kilobytes, for all origins together.
          ...(quota !== undefined && { 'dom.quotaManager.temporaryStorage.fixedLimit': Math.round(quota / 1_000) }),
        },
      })
      return await context.newPage()
    },
  },
]

function warningsOf(page: Page): string[] {
  const warnings: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'warning') warnings.push(message.text())
  })
  return warnings
}

/** Key by key: in this Firefox, Playwright's `fill` comes to nothing. */
async function ask({ input }: ChatPage, question: string): Promise<void> {
  await input.pressSequentially(question)
  await input.press('Enter')
}

/** Letters that no engine compresses. */
function noise(length: number): string {
  let seed = 1
  return Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647
    return String.fromCharCode(97 + (seed % 26))
  }).join('')
}

/** All bytes of the databases in the browser's profile. */
function bytesOnDisk(): Buffer {
  const files = globSync(join(profile, '{**/IndexedDB,storage}/**/*')).filter((file) => statSync(file).isFile())
  return Buffer.concat(files.map((file) => readFileSync(file)))
}

function isIn(bytes: Buffer, text: string): boolean {
  return bytes.includes(Buffer.from(text, 'latin1')) || bytes.includes(Buffer.from(text, 'utf16le'))
}

for (const { name, open } of engines) {
  test.describe(name, () => {
    test('where no site may keep anything: the answer is whole, and one warning says what that means (row 70)', async ({ playwright }) => {
      const page = await open(playwright, { denied: true })
      const warnings = warningsOf(page)
      await page.goto(site.address('ada', 'denied'))
      expect(await page.evaluate(() => new Promise((resolve) => {
        try {
          const request = indexedDB.open('look')
          request.onsuccess = () => resolve('opens')
          request.onerror = () => resolve('denied')
        } catch {
          resolve('denied')
        }
      }))).toBe('denied')
      const chat = chatOn(page)
      await ask(chat, 'Where to?')
      await chat.state('streaming')
      site.latest().say('To the sea, ')
      site.latest().say('and back.')
      site.latest().end()
      await chat.state('completed')
      expect(await chat.answer()).toBe('To the sea, and back.')
      expect(warnings.filter((text) => /stor/i.test(text))).toHaveLength(1)
    })

    test('where there is no more room: the answer is whole, and after a reload it is, too (row 70)', async ({ playwright }) => {
      const page = await open(playwright, { quota: 600_000 })
      const warnings = warningsOf(page)
      await page.goto(site.address('ada', `full-${name}`))
      const chat = chatOn(page)
      await ask(chat, 'Where to?')
      await chat.state('streaming')
      const much = noise(1_000_000)
      site.latest().say('To the sea:')
      await expect.poll(() => chat.answer()).toBe('To the sea:')
      for (let at = 0; at < much.length; at += 100_000) site.latest().say(much.slice(at, at + 100_000))
      await expect.poll(() => warnings.filter((text) => /stor/i.test(text)).length, { timeout: 30_000 }).toBe(1)
      site.latest().say('.')
      await expect.poll(async () => (await chat.answer()) === `To the sea:${much}.`, { timeout: 30_000 }).toBe(true)
      await page.reload()
      site.latest().say(' And back.')
      site.latest().end()
      await chat.state('completed')
      expect((await chat.answer()) === `To the sea:${much}. And back.`).toBe(true)
      expect(site.latest().stopped).toBe(false)
    })

    for (const persist of ['all', 'token'] as const) {
      test(`with persist: ${persist} the words of a conversation are ${persist === 'all' ? '' : 'not '}in the browser's files`, async ({ playwright }) => {
        const page = await open(playwright)
        await page.goto(site.address('ada', `disk-${name}-${persist}`).replace('?', `?persist=${persist}&`))
        const chat = chatOn(page)
        const [question, answer] = [noise(30).slice(0, 24), noise(80).slice(40)]
        await ask(chat, question)
        await chat.state('streaming')
        site.latest().say(answer)
        await expect.poll(() => chat.answer()).toBe(answer)
        await page.reload()
        await expect.poll(() => chat.answer()).toBe(answer)
        site.latest().say(' The end.')
        site.latest().end()
        await chat.state('completed')
        await context?.close()
        context = undefined
        const bytes = bytesOnDisk()
        expect(bytes.length).toBeGreaterThan(1_000)
        expect([isIn(bytes, question), isIn(bytes, answer)]).toEqual([persist === 'all', persist === 'all'])
      })
    }
  })
}
