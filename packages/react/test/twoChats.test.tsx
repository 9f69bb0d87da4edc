import { type InputRequestPart } from '@rejoin/core'
import { cleanup, within, type queries } from '@testing-library/react'
import { type ReactNode } from 'react'
import { afterEach, describe, expect, it } from 'vitest'
import { BackgroundAgentChat } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualUpload } from './support/manualUpload.ts'
import { renderChat, type ChatPage, type ChatPageOptions } from './support/renderChat.tsx'

afterEach(cleanup)

const question = (prompt: string): InputRequestPart => ({ type: 'request', kind: 'input', id: 'r', prompt, options: ['Yes'] })

/** The queries within one of the two. */
type Side = ReturnType<typeof within<typeof queries>>

interface Beside extends ChatPage {
  left: Side
  right: Side
  write(on: Side, text: string): Promise<void>
}

async function renderTwo(left: string, right: string, options: ChatPageOptions = {}): Promise<Beside> {
  const page = await renderChat(<Two left={left} right={right} />, options)
  return {
    ...page,
    left: within(page.getByRole('region', { name: 'Left' })),
    right: within(page.getByRole('region', { name: 'Right' })),
    async write(on, text) {
      await page.user.type(on.getByRole('textbox'), text)
      await frame()
    },
  }
}

function Two({ left, right }: { left: string; right: string }): ReactNode {
  return (
    <>
      <BackgroundAgentChat session={left} aria-label="Left" />
      <BackgroundAgentChat session={right} aria-label="Right" />
    </>
  )
}

const said = (on: Side): (string | null)[] => on.queryAllByRole('article').map(({ textContent }) => textContent)

describe.each([
  ['', false],
  [' in Strict Mode', true],
])('two chats on one page%s', (_mode, strict) => {
  it('of two sessions each show their own, answered at the same time (row 65)', async () => {
    const { agent, left, right, write } = await renderTwo('a', 'b', { strict })
    await write(left, 'In A{Enter}')
    await write(right, 'In B{Enter}')
    const [inA, inB] = agent.runs
    inB?.text('Of B')
    inA?.text('Of ')
    inA?.text('A')
    await frame()
    expect([said(left), said(right)]).toEqual([
      ['In A', 'Of A'],
      ['In B', 'Of B'],
    ])
    expect(agent.runs.map(({ legs }) => legs)).toEqual([1, 1])
    inA?.end()
    await frame()
    expect([left, right].map((on) => on.getByRole('status').dataset['runState'])).toEqual(['completed', 'streaming'])
  })

  it('of one session show the same, over one connection (row 65)', async () => {
    const { agent, left, right, write } = await renderTwo('a', 'a', { strict })
    await write(left, 'Why?{Enter}')
    agent.latest.text('Because')
    await frame()
    expect([said(left), said(right)]).toEqual([
      ['Why?', 'Because'],
      ['Why?', 'Because'],
    ])
    expect([agent.runs.length, agent.latest.legs]).toEqual([1, 1])
    agent.latest.end()
    await frame()
    await write(right, 'And?{Enter}')
    expect(said(left)).toEqual(['Why?', 'Because', 'And?'])
  })
})

describe('two chats on one page', () => {
  it('have drafts and files of their own, also of one session', async () => {
    const uploads = manualUpload()
    const { agent, left, right, user, write } = await renderTwo('a', 'a', { upload: uploads.upload })
    await write(left, 'Left')
    await user.upload(left.getByLabelText('Files to attach'), [new File(['x'], 'left.csv')])
    await uploads.latest.done()
    await write(right, 'Right{Enter}')
    expect(agent.latest.asked).toEqual([{ type: 'text', text: 'Right' }])
    expect(left.getByRole('textbox')).toHaveProperty('value', 'Left')
    expect(left.getAllByRole('listitem')).toHaveLength(1)
    expect(right.queryByRole('list', { name: 'Files to send' })).toBeNull()
  })

  it('ask and are answered apart, be it with the same id', async () => {
    const { agent, left, right, user, write } = await renderTwo('a', 'b')
    await write(left, 'In A{Enter}')
    await write(right, 'In B{Enter}')
    agent.runs[0]?.ask(question('Of A?'))
    agent.runs[1]?.ask(question('Of B?'))
    await frame()
    await user.click(right.getByRole('button', { name: 'Yes' }))
    await frame()
    expect(right.getByRole('group', { name: 'Of B?' }).dataset['requestState']).toBe('answered')
    expect(left.getByRole('group', { name: 'Of A?' }).dataset['requestState']).toBe('open')
    expect(left.getByRole('textbox', { name: 'Your answer to: Of A?' })).toBeTruthy()
    expect(agent.runs.map(({ question }) => question)).toEqual(['In A', 'In B', 'Yes'])
  })

  it('of one session ask the same, and what answers one answers the other', async () => {
    const { agent, left, right, user, write } = await renderTwo('a', 'a')
    await write(left, 'Why?{Enter}')
    agent.latest.ask(question('Sure?'))
    await frame()
    await user.click(left.getByRole('button', { name: 'Yes' }))
    await frame()
    expect(right.getByRole('group', { name: 'Sure?' }).textContent).toContain('You answered: Yes')
    expect(agent.runs).toHaveLength(2)
  })
})
