import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext } from '@playwright/test'
import { chromium } from '../scripts/browsers.mjs'
import { chatOn, openChat, report } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

test('a browser that is closed in mid-sentence and started again goes on from its stored token (row 16)', async ({ playwright, server, wire, undisturbed }) => {
  const profile = mkdtempSync(join(tmpdir(), 'rejoin-profile-'))
  const launch = (): Promise<BrowserContext> => playwright.chromium.launchPersistentContext(profile, chromium)
  try {
    const first = await launch()
    const before = await openChat(await first.newPage(), wire.url)
    await before.ask(report)
    const seen = await before.atLeast(Math.floor(undisturbed.length * 0.3))
    await first.close()

    const second = await launch()
    wire.hold(({ method }) => method === 'GET')
    const page = await second.newPage()
    await page.goto(`${wire.url}/?view=source`)
    const after = chatOn(page)
    const restored = await after.atLeast(seen.length)
    expect(restored.startsWith(seen)).toBe(true)
    wire.release()
    await after.state('completed')
    expect(await after.answer()).toBe(undisturbed)
    expect(server.started).toHaveLength(1)
    expect(wire.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
    await second.close()
  } finally {
    rmSync(profile, { recursive: true, force: true })
  }
})
