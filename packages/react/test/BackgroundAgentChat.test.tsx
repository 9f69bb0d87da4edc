import { cleanup } from '@testing-library/react'
import { afterEach, describe, expect, it } from 'vitest'
import { frame } from './support/frame.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

describe('a run from start to end', () => {
  it('shows the question, then the answer as it grows, then that it is complete', async () => {
    const { agent, ask, part, parts } = await renderChat()
    await ask('Why?')
    expect(parts('message').map((message) => message.textContent)).toEqual(['Why?', ''])
    expect(part('root').dataset).toMatchObject({ status: 'submitted', runState: 'streaming', runId: agent.latest.id })

    agent.latest.text('Be', 'cause')
    await frame()
    expect(parts('text').map((text) => text.textContent)).toEqual(['Why?', 'Because'])
    expect(part('root').dataset['status']).toBe('streaming')

    agent.latest.end()
    await frame()
    expect(part('root').dataset).toMatchObject({ status: 'ready', runState: 'completed' })
    expect(part('status').textContent).toBe('The answer is complete.')
    expect(part('progress').textContent).toBe('Done in 58 s')
  })
})
