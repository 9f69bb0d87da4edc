import { expect, test, type Page } from '@playwright/test'
import { signIn, startSite, type Site } from './away/site.ts'
import { chatOn } from './chatPage.ts'

let site: Site
test.beforeAll(async () => {
  site = await startSite()
})
test.afterAll(() => site.close())

/** What the page has shown as notifications. A browser without a screen shows none, so they are caught where the page makes them. */
async function catchNotifications(page: Page): Promise<() => Promise<{ title: string; body: string }[]>> {
  await page.addInitScript(() => {
    const shown: Notification[] = []
    const Real = Notification
    class Caught extends Real {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options)
        shown.push(this)
      }
    }
    Object.assign(globalThis, { Notification: Caught, shown })
  })
  return () =>
    page.evaluate(() => {
      const { shown } = globalThis as typeof globalThis & { shown: Notification[] }
      return shown.map(({ title, body }) => ({ title, body }))
    })
}

test('an answer that ends while another page of the app is shown is marked, in the title too, until it is looked at (row 68)', async ({ context }) => {
  const page = await signIn(context, site, 'ada')
  await page.goto(site.address('ada', 'trip'))
  const chat = chatOn(page)
  await chat.ask('Where to?')
  await chat.state('streaming')
  const listed = page.locator('[data-chat-part="run"]')
  await expect(listed).toHaveText('Where to? working')
  await page.getByRole('link', { name: 'All' }).click()
  await page.reload()
  await expect(listed).toHaveText('Where to? working')
  const streams = site.requests.length

  site.latest().say('To the sea.')
  site.latest().end()
  await expect(listed).toHaveText('Where to? New: answered', { timeout: 30_000 })
  await expect(page).toHaveTitle('(1) Support')
  // It was asked for now and then, by nothing that streams.
  expect(site.requests.length - streams).toBeLessThan(6)
  await page.reload()
  await expect(page).toHaveTitle('(1) Support')

  const other = await context.newPage()
  await other.goto(site.address('ada', 'trip'))
  await expect.poll(() => chatOn(other).answer()).toBe('To the sea.')
  await expect(page).toHaveTitle('Support')
  await expect(listed).toHaveText('Where to? answered')
  await page.reload()
  await expect(listed).toHaveText('Where to? answered')
  await expect(page).toHaveTitle('Support')
})

test('one notification is shown for it, in whichever tab; a click leads to the answer (rows 68, 69)', async ({ context }) => {
  await context.grantPermissions(['notifications'])
  const page = await signIn(context, site, 'grace')
  const second = await context.newPage()
  const caught = [await catchNotifications(page), await catchNotifications(second)]
  await page.goto(site.address('grace', 'report'))
  await second.goto(site.address('grace'))
  const chat = chatOn(page)
  await chat.ask('How did it go?')
  await chat.state('streaming')
  await page.getByRole('link', { name: 'All' }).click()
  site.latest().say('Well.')
  site.latest().end()
  const all = async (): Promise<{ title: string; body: string }[]> => (await Promise.all(caught.map((of) => of()))).flat()
  await expect.poll(all, { timeout: 20_000 }).toEqual([{ title: 'Your answer is ready', body: 'How did it go?' }])
  for (const tab of [page, second]) await tab.evaluate(() => (globalThis as typeof globalThis & { shown: Notification[] }).shown[0]?.onclick?.(new Event('click')))
  await expect.poll(async () => [page.url(), second.url()].some((url) => url.endsWith('#report'))).toBe(true)
  await expect(page.locator('[data-chat-part="run"]')).toHaveText('How did it go? answered')
  // Both tabs come back, and nobody is told twice.
  for (const tab of [page, second]) await tab.reload()
  await expect(second.locator('[data-chat-part="run"]')).toHaveText('How did it go? answered')
  expect(await all()).toEqual([])
})

test('no notification is shown for an answer that is on the page (row 68)', async ({ context }) => {
  await context.grantPermissions(['notifications'])
  const page = await signIn(context, site, 'joan')
  const caught = await catchNotifications(page)
  await page.goto(site.address('joan', 'report'))
  const chat = chatOn(page)
  await chat.ask('How did it go?')
  await chat.state('streaming')
  site.latest().end()
  await chat.state('completed')
  await expect(page.locator('[data-chat-part="run"]')).toHaveText('How did it go? answered')
  // A notification comes a second after the end; another run's end shows that this second is over.
  await chat.ask('And now?')
  await chat.state('streaming')
  await page.getByRole('link', { name: 'All' }).click()
  site.latest().end()
  await expect.poll(caught, { timeout: 20_000 }).toHaveLength(1)
  expect((await caught())[0]?.body).toBe('And now?')
})
