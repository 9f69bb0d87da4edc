import { expect, test } from '@playwright/test'
import { signIn, startSite, type Site } from './away/site.ts'
import { chatOn } from './chatPage.ts'

let site: Site
test.beforeAll(async () => {
  site = await startSite()
})
test.afterAll(() => site.close())

test('a run that was started on one device appears and streams on another, and is stopped from there (row 67)', async ({ browser }) => {
  const [phone, desk] = await Promise.all([browser.newContext(), browser.newContext()])
  const onDesk = await signIn(desk, site, 'ada')
  await onDesk.goto(site.address('ada', 'trip'))
  await expect(onDesk.locator('[data-chat-part="root"]')).toHaveAttribute('data-status', 'ready')

  const onPhone = await signIn(phone, site, 'ada')
  await onPhone.goto(site.address('ada', 'trip'))
  const first = chatOn(onPhone)
  await first.ask('Where to?')
  await first.state('streaming')
  const begun = site.begun
  site.latest().say('To the sea, ')
  await first.atLeast(12)

  // The chat is open there already; the person turns to it.
  await onDesk.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })))
  const second = chatOn(onDesk)
  await expect.poll(() => second.answer()).toBe('To the sea, ')
  await second.state('streaming')
  site.latest().say('by train.')
  for (const chat of [first, second]) await expect.poll(() => chat.answer()).toBe('To the sea, by train.')
  expect(await second.root.getAttribute('data-run-id')).toBe(await first.root.getAttribute('data-run-id'))

  await second.stopButton.click()
  await Promise.all([first.state('cancelled'), second.state('cancelled')])
  expect(site.latest().stopped).toBe(true)
  expect(site.begun).toBe(begun)
  await Promise.all([phone.close(), desk.close()])
})

test('a device that comes later finds the run, streams it, and has it after a reload (row 67)', async ({ browser }) => {
  const [phone, desk] = await Promise.all([browser.newContext(), browser.newContext()])
  const onPhone = await signIn(phone, site, 'grace')
  await onPhone.goto(site.address('grace', 'report'))
  await chatOn(onPhone).ask('How did it go?')
  await chatOn(onPhone).state('streaming')
  site.latest().say('It went ')
  const begun = site.begun

  const onDesk = await signIn(desk, site, 'grace')
  await onDesk.goto(site.address('grace'))
  const listed = onDesk.locator('[data-chat-part="run"]')
  await expect(listed).toHaveText('Asked on another device working')
  await listed.getByRole('link').click()
  const chat = chatOn(onDesk)
  await expect.poll(() => chat.answer()).toBe('It went ')
  await onDesk.reload()
  await expect.poll(() => chat.answer()).toBe('It went ')
  site.latest().say('well.')
  site.latest().end()
  await chat.state('completed')
  expect(await chat.answer()).toBe('It went well.')
  expect(site.begun).toBe(begun)
  await Promise.all([phone.close(), desk.close()])
})

test('runs of somebody else are not found (row 67)', async ({ browser }) => {
  const [hers, theirs] = await Promise.all([browser.newContext(), browser.newContext()])
  const page = await signIn(hers, site, 'joan')
  await page.goto(site.address('joan', 'secret'))
  await chatOn(page).ask('A secret?')
  await chatOn(page).state('streaming')
  const other = await signIn(theirs, site, 'mallory')
  const answered = other.waitForResponse((response) => response.url().endsWith('/api/agent/runs'))
  await other.goto(site.address('mallory'))
  expect(await (await answered).json()).toEqual({ runs: [] })
  await expect(other.locator('[data-chat-part="run"]')).toHaveCount(0)
  site.latest().end()
  await chatOn(page).state('completed')
  await Promise.all([hers.close(), theirs.close()])
})
