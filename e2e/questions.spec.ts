import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Locator, type Page } from '@playwright/test'
import { openChat, type ChatPage } from './chatPage.ts'
import { type ExampleServer } from './exampleServer.ts'
import { expect, test } from './fixtures.ts'

// Nothing has to be waited for: the agent stops by itself, to ask.
test.use({ example: { pace: 0 } })

const open = 'How did my region do?'
const send = 'Send the report to the managers'
const sent = /^Sent: the managers have got \*\*Sales report: October 2026\*\*/

interface AskingPage extends ChatPage {
  /** What the agent has asked last. */
  readonly request: Locator
  choice(name: string): Locator
}

async function openAsking(page: Page, url: string): Promise<AskingPage> {
  const chat = await openChat(page, url)
  const request = page.locator('[data-chat-part="request"]').last()
  return { ...chat, request, choice: (name) => request.getByRole('button', { name, exact: true }) }
}

/** In the page. */
function press(buttons: readonly (HTMLElement | SVGElement)[]): void {
  for (const button of buttons) if (button instanceof HTMLElement) button.click()
}

/** What was sent to the managers, by all processes of the server. */
function outbox({ folder }: ExampleServer): string[] {
  const file = join(folder, 'outbox.jsonl')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

test('a question is there after a reload before anything is answered, and a button answers it (row 25)', async ({ page, server, wire }) => {
  const chat = await openAsking(page, wire.url)
  await chat.ask(open)
  await chat.state('paused')
  await expect(chat.status).toHaveText('The agent needs an answer. Which region?')
  await expect(chat.request.getByRole('button')).toHaveText(['Central', 'East', 'North', 'South', 'West'])

  const before = wire.requests.length
  wire.hold()
  await page.reload()
  await expect(chat.choice('North')).toBeEnabled()
  expect(wire.requests.slice(before).filter(({ closedAt }) => closedAt !== null)).toEqual([])
  wire.release()

  await chat.choice('North').click()
  await chat.state('completed')
  expect(await chat.answer()).toMatch(/^## North, October 2026\n/)
  await expect(chat.request).toContainText('You answered: North')
  await expect(chat.request.getByRole('button')).toHaveCount(0)
  expect(server.started).toHaveLength(1)
})

test('words of one’s own answer it, a wrong answer is asked back, and the next turn knows what was said (rows 15, 25)', async ({ page, server, wire }) => {
  const chat = await openAsking(page, wire.url)
  await chat.ask(open)
  await expect(chat.input).toHaveAccessibleName('Your answer to: Which region?')
  await chat.ask('the moon')
  await expect(chat.request).toContainText('no region “the moon”')
  await chat.ask('The south, please')
  await chat.state('completed')
  expect(await chat.answer()).toMatch(/^## South, October 2026\n/)
  expect(server.started).toHaveLength(1)
  await page.reload()
  await chat.ask('and in March?')
  await expect.poll(() => chat.answer()).toMatch(/^## South, March 2026\n/)
})

test('one tab answers, and the other that looks on goes on with it (rows 25, 66)', async ({ page, context, server, wire }) => {
  const first = await openAsking(page, wire.url)
  await first.ask(send)
  await first.state('paused')
  const second = await openAsking(await context.newPage(), wire.url)
  await second.choice('Approve').click()
  for (const chat of [first, second]) {
    await chat.state('completed')
    await expect(chat.request).toContainText('Approved')
    expect(await chat.answer()).toMatch(sent)
  }
  expect(outbox(server)).toHaveLength(1)
})

test('two tabs answer at the same moment: one of them counts, in both (rows 25, 66)', async ({ page, context, server, wire }) => {
  const first = await openAsking(page, wire.url)
  await first.ask(open)
  await first.state('paused')
  const second = await openAsking(await context.newPage(), wire.url)
  await expect(second.choice('South')).toBeEnabled()
  // Not `click`, which waits for the button of the one that is later, and that is gone.
  await Promise.all([first.choice('North').evaluateAll(press), second.choice('South').evaluateAll(press)])
  await Promise.all([first.state('completed'), second.state('completed')])
  const answer = await first.answer()
  expect(answer).toMatch(/^## (North|South), October 2026\n/)
  await expect.poll(() => second.answer()).toBe(answer)
  await first.page.reload()
  await first.state('completed')
  expect(await first.answer()).toBe(answer)
  expect(server.started).toHaveLength(1)
})

test('a question outlives the server, and so does what its answer has done (rows 25, 84)', async ({ page, server, wire }) => {
  const chat = await openAsking(page, wire.url)
  await chat.ask(send)
  await chat.state('paused')
  await server.kill()
  const second = await server.startAgain()
  await page.reload()
  await chat.choice('Approve').click()
  await expect.poll(() => outbox(server), { intervals: [5] }).toHaveLength(1)
  await second.kill()
  const third = await second.startAgain()
  try {
    await chat.state('completed')
    expect(await chat.answer()).toMatch(sent)
    expect(outbox(server)).toHaveLength(1)
  } finally {
    await third.stop()
  }
})

test('a run that waits is stopped, and nobody can answer it any more (row 25)', async ({ page, context, server, wire }) => {
  const chat = await openAsking(page, wire.url)
  await chat.ask(send)
  await chat.state('paused')
  const other = await openAsking(await context.newPage(), wire.url)
  await chat.stopButton.click()
  for (const each of [chat, other]) {
    await each.state('cancelled')
    await expect(each.request).toContainText('No longer open')
  }
  await page.reload()
  await chat.state('cancelled')
  await expect(chat.request.getByRole('button')).toHaveCount(0)
  expect(outbox(server)).toEqual([])
  await chat.ask('How did the North do?')
  await chat.state('completed')
})

for (const [when, cut] of [
  ['before it has arrived', 'the start'],
  ['when it has arrived', 'the answer'],
] as const) {
  test(`an answer whose connection is cut ${when} goes through once (rows 4, 25)`, async ({ page, server, wire }) => {
    const chat = await openAsking(page, wire.url)
    await chat.ask(send)
    await chat.state('paused')
    const asking = await chat.root.getAttribute('data-run-id')
    if (cut === 'the start') wire.hold(({ method }) => method === 'POST')
    else void wire.at(({ id }) => id !== asking).cut()
    const before = wire.requests.length
    await chat.choice('Approve').click()
    if (cut === 'the start') {
      await expect.poll(() => wire.requests.length).toBe(before + 1)
      wire.cut()
      wire.release()
    }
    await chat.state('completed')
    expect(await chat.answer()).toMatch(sent)
    expect(outbox(server)).toHaveLength(1)
    expect(server.started).toHaveLength(1)
    await expect(page.locator('[data-chat-part="answer"]')).toHaveCount(1)
  })
}
