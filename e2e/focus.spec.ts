import { chatOn, openChat, report, type ChatPage } from './chatPage.ts'
import { expect, test } from './fixtures.ts'

// Chromium takes the focus from an element that is hidden: only a real one tells whether it is anywhere afterwards.

/** What is typed arrives, so the focus is not only drawn there. */
async function typingGoesToTheInput({ page, input }: ChatPage): Promise<void> {
  await expect(input).toBeFocused()
  await page.keyboard.type('And then')
  await expect(input).toHaveValue('And then')
}

test('after stop is clicked, the focus is in the input', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask(report)
  await chat.atLeast(100)
  await chat.stopButton.click()
  await chat.state('cancelled')
  await typingGoesToTheInput(chat)
})

for (const key of ['Enter', 'Space']) {
  test(`after stop is pressed with ${key}, the focus is in the input`, async ({ page, wire }) => {
    const chat = await openChat(page, wire.url)
    await chat.ask(report)
    await chat.atLeast(100)
    await page.keyboard.press('Tab')
    await expect(chat.stopButton).toBeFocused()
    await page.keyboard.press(key)
    await chat.state('cancelled')
    await typingGoesToTheInput(chat)
  })
}

test('when another tab stops the run, the focus goes from the button to the input', async ({ page, context, wire }) => {
  const first = await openChat(page, wire.url)
  const second = await openChat(await context.newPage(), wire.url)
  await first.ask(report)
  await first.stopButton.focus()
  await second.stopButton.click()
  await Promise.all([first.state('cancelled'), second.state('cancelled')])
  await page.bringToFront()
  await typingGoesToTheInput(first)
})

test('when the run ends, the focus goes from the button to the input', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask('How did the North do?')
  await chat.stopButton.focus()
  await chat.state('completed')
  await typingGoesToTheInput(chat)
})

test('when the run ends, the focus stays where the person has taken it', async ({ page, wire }) => {
  const chat = await openChat(page, wire.url)
  await chat.ask('How did the North do?')
  await chat.stopButton.focus()
  const messages = page.locator('[data-chat-part="messages"]')
  await messages.focus()
  await chat.state('completed')
  await expect(messages).toBeFocused()
})

for (const how of ['click', 'Enter'] as const) {
  test(`after a suggestion is chosen with ${how}, the focus is in the input`, async ({ page, wire }) => {
    await page.goto(wire.url)
    const suggestion = page.getByRole('button', { name: report })
    await (how === 'click' ? suggestion.click() : suggestion.press(how))
    await expect(suggestion).toHaveCount(0)
    const chat = chatOn(page)
    await typingGoesToTheInput(chat)
    await chat.state('completed')
    await expect(chat.input).toHaveValue('And then')
  })
}
