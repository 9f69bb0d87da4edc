import { memoryRunStore, RejoinError, type ApprovalRequestPart, type AuthRequestPart, type InputRequestPart } from '@rejoin/core'
import { act, cleanup, screen, within } from '@testing-library/react'
import { type ReactNode } from 'react'
import { afterEach, describe, expect, it } from 'vitest'
import { BackgroundAgentChat, Chat, useBackgroundAgent, type BackgroundAgent } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat, type ChatPage } from './support/renderChat.tsx'

afterEach(cleanup)

const region: InputRequestPart = { type: 'request', kind: 'input', id: 'r', prompt: 'Which region?', options: ['North', 'South'] }
const month: InputRequestPart = { type: 'request', kind: 'input', id: 'm', prompt: 'Which month?' }
const removal: ApprovalRequestPart = {
  type: 'request',
  kind: 'approval',
  id: 'a',
  prompt: 'Delete three rows?',
  name: 'delete_rows',
  input: { rows: [1, 2, 3] },
}
const signIn: AuthRequestPart = { type: 'request', kind: 'auth', id: 's', prompt: 'The archive needs you.', url: 'https://archive.example/login' }

/** A chat whose agent has asked. */
async function asked(...requests: Parameters<ChatPage['agent']['latest']['ask']>): Promise<ChatPage> {
  const page = await renderChat()
  await page.ask('How did March go?')
  page.agent.latest.text('Let me see. ')
  page.agent.latest.ask(...requests)
  await frame()
  return page
}

const group = (name: string): HTMLElement => screen.getByRole('group', { name })
const button = (name: string): HTMLElement => screen.getByRole('button', { name })
const answersOf = ({ agent }: ChatPage): unknown[] => agent.latest.asked.filter(({ type }) => type === 'answer')

describe('a question of the agent', () => {
  it('offers its options as buttons, and goes on with the one that is pressed', async () => {
    const page = await asked(region)
    expect(within(group('Which region?')).getAllByRole('button').map(({ textContent }) => textContent)).toEqual(['North', 'South'])
    await page.user.click(button('South'))
    await frame()
    expect(answersOf(page)).toEqual([{ type: 'answer', kind: 'input', request: 'r', text: 'South' }])
    expect(page.agent.runs).toHaveLength(2)
    expect(page.parts('answer').map(({ textContent }) => textContent)).toEqual(['South'])
    expect(group('Which region?').dataset['requestState']).toBe('answered')
    expect(group('Which region?').textContent).toContain('You answered: South')
    expect(within(group('Which region?')).queryByRole('button')).toBeNull()
  })

  it('is told by the status, and by the name and the placeholder of the input', async () => {
    const { part, ask } = await asked(region)
    expect(part('status').textContent).toBe('The agent needs an answer. Which region?')
    expect(part('status').dataset['pauseReason']).toBe('input')
    expect(screen.getByRole('textbox', { name: 'Your answer to: Which region?' })).toHaveProperty('placeholder', 'Your answer…')
    await ask('The west')
    expect(screen.getByRole('textbox', { name: 'Message' })).toHaveProperty('placeholder', 'Ask something…')
  })

  it('is answered by what is written, too', async () => {
    const page = await asked(region)
    await page.ask('The west')
    expect(answersOf(page)).toEqual([{ type: 'answer', kind: 'input', request: 'r', text: 'The west' }])
    expect(page.part('input')).toHaveProperty('value', '')
    page.agent.latest.text('The west it is.')
    page.agent.latest.end()
    await frame()
    expect(page.parts('text').at(-1)?.textContent).toBe('The west it is.')
  })

  it('keeps its buttons disabled until the agent waits', async () => {
    const { agent, ask } = await renderChat()
    await ask('How?')
    agent.latest.part(region)
    await frame()
    expect(button('North')).toHaveProperty('disabled', true)
    agent.latest.ask(region)
    await frame()
    expect(button('North')).toHaveProperty('disabled', false)
  })

  it('is answered once by two presses', async () => {
    const { agent, user } = await asked(region)
    await user.dblClick(button('North'))
    await frame()
    expect(agent.runs).toHaveLength(2)
  })

  it('moves the focus to the input when it is answered with the keyboard', async () => {
    const { part, user } = await asked(region)
    button('North').focus()
    await user.keyboard('{Enter}')
    await frame()
    expect(document.activeElement).toBe(part('input'))
  })

  it('moves the focus to the input when it is answered elsewhere', async () => {
    let chat: BackgroundAgent | null = null
    function Elsewhere(): ReactNode {
      chat = useBackgroundAgent({ session: 's' })
      return null
    }
    const page = await renderChat(
      <>
        <BackgroundAgentChat session="s" />
        <Elsewhere />
      </>,
    )
    await page.ask('How?')
    page.agent.latest.ask(region)
    await frame()
    button('North').focus()
    await act(() => chat?.answer('r', 'South'))
    await frame()
    expect(group('Which region?').textContent).toContain('You answered: South')
    expect(document.activeElement).toBe(page.part('input'))
  })

  it('leaves the focus where it is when it is asked', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('How?')
    part('messages').focus()
    agent.latest.ask(region)
    await frame()
    expect(document.activeElement).toBe(part('messages'))
  })

  it('can be passed over by ending the run', async () => {
    const { agent, part, user } = await asked(month)
    await user.click(button('Stop'))
    await frame()
    expect(agent.cancels).toBe(1)
    expect(part('status').textContent).toBe('The answer was stopped.')
    expect(group('Which month?').textContent).toContain('No longer open')
  })

  it('with an id that was used before has the answer of its own turn', async () => {
    const page = await asked(region)
    await page.user.click(button('North'))
    await frame()
    page.agent.latest.ask(region)
    await frame()
    const [first, second] = page.parts('request')
    expect(first?.textContent).toContain('You answered: North')
    expect(second?.dataset['requestState']).toBe('open')
    await page.user.click(button('South'))
    await frame()
    expect(page.parts('request').map(({ textContent }) => textContent)).toEqual([
      'Which region?You answered: North',
      'Which region?You answered: South',
    ])
  })
})

describe('an approval', () => {
  it('shows what would be done, and is given or refused', async () => {
    const page = await asked(removal)
    expect(page.part('status').textContent).toBe('The agent needs your approval. Delete three rows?')
    expect(group('Delete three rows?').textContent).toContain('delete_rows')
    expect(screen.getByText('Input').closest('details')?.textContent).toContain('{"rows":[1,2,3]}')
    expect(screen.getByRole('textbox', { name: 'Message' })).toHaveProperty('placeholder', 'Ask something…')
    await page.user.click(button('Decline'))
    await frame()
    expect(answersOf(page)).toEqual([{ type: 'answer', kind: 'approval', request: 'a', approved: false }])
    expect(group('Delete three rows?').textContent).toContain('Declined')
    expect(page.part('answer').textContent).toBe('Declined')
    expect(page.part('answer').dataset['approved']).toBe('false')
  })

  it('is passed over by a message', async () => {
    const page = await asked(removal)
    await page.ask('What is in them?')
    expect(page.agent.latest.asked).toEqual([{ type: 'text', text: 'What is in them?' }])
    expect(group('Delete three rows?').dataset['requestState']).toBe('closed')
  })
})

describe('a sign-in elsewhere', () => {
  it('has a link that says where it leads, and two answers', async () => {
    const page = await asked(signIn)
    const link = screen.getByRole('link', { name: 'Sign in at archive.example' })
    expect([link.getAttribute('href'), link.getAttribute('target'), link.getAttribute('rel')]).toEqual([
      'https://archive.example/login',
      '_blank',
      'noopener noreferrer',
    ])
    expect(button('Not now')).toHaveProperty('disabled', false)
    await page.user.click(button('I have signed in'))
    await frame()
    expect(answersOf(page)).toEqual([{ type: 'answer', kind: 'auth', request: 's', approved: true }])
    expect(group('The archive needs you.').textContent).toContain('Signed in')
    expect(screen.queryByRole('link')).toBeNull()
  })

  it('has no link that would run a script', async () => {
    const { part } = await renderChat(
      <Chat.Root session="s">
        <Chat.Request part={{ ...signIn, url: 'javascript:alert(1)' }} />
      </Chat.Root>,
    )
    expect(part('request').querySelector('a')).toBeNull()
  })
})

describe('several questions at once', () => {
  it('are sent together, once all are answered', async () => {
    const page = await asked(region, removal)
    await page.user.click(button('Approve'))
    await frame()
    expect(page.agent.runs).toHaveLength(1)
    expect(group('Delete three rows?').textContent).toContain('Approved. The agent goes on when everything is answered.')
    expect(page.part('status').textContent).toBe('The agent needs an answer. Which region?')
    await page.ask('All of them')
    expect(answersOf(page)).toEqual([
      { type: 'answer', kind: 'input', request: 'r', text: 'All of them' },
      { type: 'answer', kind: 'approval', request: 'a', approved: true },
    ])
    expect(page.parts('request').map(({ dataset }) => dataset['requestState'])).toEqual(['answered', 'answered'])
  })

  it('for words are answered one after the other', async () => {
    const page = await asked(region, month)
    await page.ask('The west')
    expect(screen.getByRole('textbox', { name: 'Your answer to: Which month?' })).toHaveProperty('value', '')
    await page.ask('March')
    expect(answersOf(page)).toEqual([
      { type: 'answer', kind: 'input', request: 'r', text: 'The west' },
      { type: 'answer', kind: 'input', request: 'm', text: 'March' },
    ])
  })
})

describe('a question that was there before', () => {
  it('is there after a reload, and can be answered', async () => {
    const page = await asked(region)
    await page.reload()
    expect(page.part('status').textContent).toBe('The agent needs an answer. Which region?')
    await page.user.click(button('North'))
    await frame()
    expect(answersOf(page)).toEqual([{ type: 'answer', kind: 'input', request: 'r', text: 'North' }])
    await page.reload()
    expect(group('Which region?').textContent).toContain('You answered: North')
    expect(page.agent.runs).toHaveLength(2)
  })

  it('stays with its session when another is looked at', async () => {
    const { agent, ask, rerender, user } = await renderChat(<BackgroundAgentChat session="a" />)
    await ask('In A')
    agent.latest.ask(region)
    await frame()
    rerender(<BackgroundAgentChat session="b" />)
    await frame()
    expect(screen.queryByRole('group')).toBeNull()
    expect(screen.getByRole('textbox', { name: 'Message' })).toHaveProperty('value', '')
    await ask('In B')
    expect(agent.latest.asked).toEqual([{ type: 'text', text: 'In B' }])
    rerender(<BackgroundAgentChat session="a" />)
    await frame()
    await user.click(button('North'))
    await frame()
    expect(agent.runs.map(({ question }) => question)).toEqual(['In A', 'In B', 'North'])
  })
})

describe('an answer that comes too late', () => {
  it('is refused with what has happened, and said so', async () => {
    const agent = manualAgent()
    const page = await renderChat(undefined, { agent, store: memoryRunStore() })
    await page.ask('How?')
    agent.latest.ask(region)
    await frame()
    agent.refuse(new RejoinError('not_found'))
    await page.user.click(button('North'))
    await frame()
    expect(page.part('status').textContent).toBe(
      'What the agent asked has been answered already, on another device perhaps, or it waits no longer. Nothing was done a second time.',
    )
  })
})

describe('an answer that the server has refused before anything came of it', () => {
  it('is given again with the same buttons, and takes the place of the first', async () => {
    const agent = manualAgent()
    const page = await renderChat(undefined, { agent, store: memoryRunStore() })
    await page.ask('How?')
    agent.latest.ask(removal)
    await frame()
    agent.refuse(new RejoinError('too_many_runs'))
    await page.user.click(button('Approve'))
    await frame()
    expect(page.part('root').dataset['runState']).toBe('failed')
    expect(group('Delete three rows?').dataset['requestState']).toBe('open')
    agent.refuse(null)
    await page.user.click(button('Decline'))
    await frame()
    expect(answersOf(page)).toEqual([{ type: 'answer', kind: 'approval', request: 'a', approved: false }])
    expect(page.parts('answer')).toHaveLength(1)
    expect(group('Delete three rows?').dataset['requestState']).toBe('answered')
  })
})
