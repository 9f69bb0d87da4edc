import { RejoinError } from '@rejoin/core'
import { act, cleanup, fireEvent } from '@testing-library/react'
import { startTransition, Suspense, useState, type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackgroundAgentChat } from '../src/index.ts'
import { frame } from './support/frame.ts'
import { manualAgent } from './support/manualAgent.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

describe('a run from start to end', () => {
  it('shows the question, then the answer as it grows, then that it is complete', async () => {
    const { agent, ask, part, parts } = await renderChat()
    await ask('Why?')
    expect(parts('text').map((text) => text.textContent)).toEqual(['Why?'])
    expect(part('root').dataset).toMatchObject({ status: 'submitted', runState: 'streaming', runId: agent.latest.id })
    expect(part('status').textContent).toBe('The agent is working…')

    agent.latest.text('Be', 'cause')
    await frame()
    expect(parts('text').map((text) => text.textContent)).toEqual(['Why?', 'Because'])
    expect(part('root').dataset['status']).toBe('streaming')

    agent.latest.end()
    await frame()
    expect(part('root').dataset).toMatchObject({ status: 'ready', runState: 'completed', runId: agent.latest.id })
    expect(part('status').textContent).toBe('The answer is complete.')
    expect(part('progress').textContent).toBe('Done in 58 s')
  })

  it('marks each message with its role and id, and the one that is being written as live', async () => {
    const { agent, ask, parts } = await renderChat()
    await ask('Why?')
    agent.latest.text('Because')
    await frame()
    const [question, answer] = parts('message')
    expect(question?.dataset).toMatchObject({ role: 'user' })
    expect(question?.dataset['live']).toBeUndefined()
    expect(answer?.dataset).toMatchObject({ role: 'assistant', messageId: agent.latest.id, live: 'true' })

    agent.latest.end()
    await frame()
    expect(parts('message')[1]?.dataset['live']).toBeUndefined()
    expect(parts('message')[1]).toBe(answer)
  })

  it('hides an answer until there is something in it', async () => {
    const { agent, ask, parts } = await renderChat()
    await ask('Why?')
    expect(parts('message')[1]?.hidden).toBe(true)
    agent.latest.text('Because')
    await frame()
    expect(parts('message')[1]?.hidden).toBe(false)
  })

  it('keeps the text it has when the answer fails, and says our sentence for it', async () => {
    const { agent, ask, part, parts } = await renderChat()
    await ask('Why?')
    agent.latest.text('Because')
    agent.latest.end({ type: 'failed', code: 'rate_limit_of_the_provider: org-12345' })
    await frame()
    expect(parts('text')[1]?.textContent).toBe('Because')
    expect(part('root').dataset).toMatchObject({ status: 'error', runState: 'failed' })
    expect(part('status').dataset['errorCode']).toBe('agent_failed')
    expect(part('status').textContent).toBe(new RejoinError('agent_failed').message)
  })

  it('shows the question of a start that was refused, and why', async () => {
    const { agent, ask, part, parts } = await renderChat()
    agent.refuse(new RejoinError('too_large'))
    await ask('A very long question')
    expect(parts('text').map((text) => text.textContent)).toEqual(['A very long question'])
    expect(part('status').textContent).toBe(new RejoinError('too_large').message)
    expect(part('status').dataset['errorCode']).toBe('too_large')
  })

  it('goes on after a connection was lost', async () => {
    const { agent, ask, parts } = await renderChat()
    await ask('Why?')
    agent.latest.text('Be')
    await frame()
    agent.latest.cut()
    agent.latest.text('cause')
    await frame()
    await frame()
    expect(parts('text')[1]?.textContent).toBe('Because')
    expect(agent.latest.legs).toBe(2)
  })
})

describe('refused sends', () => {
  it('keeps an empty message in the input and says that there is nothing to send', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('   ')
    expect(agent.runs).toHaveLength(0)
    expect(part('input')).toHaveProperty('value', '   ')
    expect(part('status').dataset['errorCode']).toBe('empty_message')
    expect(part('status').textContent).toBe(new RejoinError('empty_message').message)
  })

  it('keeps a second message in the input while an answer is written, and says why it waits', async () => {
    const { agent, ask, part, parts } = await renderChat()
    await ask('First')
    await ask('Second')
    expect(agent.runs).toHaveLength(1)
    expect(part('input')).toHaveProperty('value', 'Second')
    expect(part('status').dataset['errorCode']).toBe('busy')
    expect(parts('text').map((text) => text.textContent)).toEqual(['First'])

    agent.latest.end()
    await frame()
    expect(part('status').dataset['errorCode']).toBeUndefined()
    await ask('')
    expect(agent.runs).toHaveLength(2)
    expect(agent.latest.question).toBe('Second')
    expect(part('input')).toHaveProperty('value', '')
  })

  it('puts the refusal away as soon as the person writes on', async () => {
    const { ask, part, user } = await renderChat()
    await ask('')
    expect(part('status').dataset['errorCode']).toBe('empty_message')
    await user.type(part('input'), 'a')
    await frame()
    expect(part('status').dataset['errorCode']).toBeUndefined()
    expect(part('status').textContent).toBe('')
  })

  it('still says that the answer has failed when a refusal was put away before', async () => {
    const { agent, ask, part, user } = await renderChat()
    await ask('First')
    await ask('Second')
    await user.type(part('input'), '!')
    agent.latest.end({ type: 'failed', code: 'interrupted' })
    await frame()
    expect(part('status').dataset['errorCode']).toBe('interrupted')
  })
})

describe('a server that is away', () => {
  it('keeps the message, says that it can not be reached and when it tries again, and then sends it', async () => {
    const agent = manualAgent()
    agent.refuse(new RejoinError('unreachable'))
    const { ask, part, parts } = await renderChat(undefined, { agent, backoff: { baseMs: 8_000, random: () => 1, capMs: 4_000 } })
    await ask('Hello?')
    expect(parts('text').map((text) => text.textContent)).toEqual(['Hello?'])
    expect(part('root').dataset['runState']).toBe('reconnecting')
    expect(part('status').textContent).toBe(`${new RejoinError('unreachable').message} Trying again in 4 s.`)
    const seconds = part('status').querySelector('[aria-hidden=true]')
    expect(seconds?.textContent).toBe(' Trying again in 4 s.')

    agent.refuse(null)
    window.dispatchEvent(new Event('online'))
    await frame()
    await frame()
    expect(agent.latest.question).toBe('Hello?')
    expect(part('status').textContent).toBe('The agent is working…')
  })

  it('says that the person must sign in', async () => {
    const agent = manualAgent()
    agent.refuse(new RejoinError('unauthorized'))
    const { ask, part, parts } = await renderChat(undefined, { agent })
    await ask('Who am I?')
    expect(part('root').dataset['runState']).toBe('paused')
    expect(part('status').textContent).toBe(new RejoinError('unauthorized').message)
    expect(parts('text').map((text) => text.textContent)).toEqual(['Who am I?'])
  })
})

describe('stopping', () => {
  it('offers to stop instead of to send while an answer is written', async () => {
    const { agent, ask, part, user } = await renderChat()
    expect([part('send').hidden, part('stop').hidden]).toEqual([false, true])
    await ask('Count')
    expect([part('send').hidden, part('stop').hidden]).toEqual([true, false])

    agent.latest.text('one, two')
    await frame()
    await user.click(part('stop'))
    await frame()
    expect(agent.cancels).toBe(1)
    expect(part('root').dataset['runState']).toBe('cancelled')
    expect(part('status').textContent).toBe('The answer was stopped.')
    expect([part('send').hidden, part('stop').hidden]).toEqual([false, true])
  })

  it('says that it is stopping until the server has confirmed it, and asks once', async () => {
    const { agent, ask, part, user } = await renderChat()
    const confirm = agent.holdStops()
    await ask('Count')
    await user.click(part('stop'))
    await frame()
    await user.click(part('stop'))
    await frame()
    expect(part('stop').textContent).toBe('Stopping…')
    expect(part('root').dataset['runState']).toBe('stopping')
    expect(agent.cancels).toBe(1)

    confirm()
    await frame()
    expect(part('root').dataset['runState']).toBe('cancelled')
  })

  it('asks again where that hangs and the person presses again, and does not call itself disabled meanwhile', async () => {
    const { agent, ask, part, user } = await renderChat()
    const confirm = agent.holdStops()
    await ask('Count')
    await user.click(part('stop'))
    await frame()
    expect([document.activeElement, part('stop').hasAttribute('aria-disabled'), part('stop').hasAttribute('disabled')]).toEqual([part('stop'), false, false])
    const { now } = Date
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 1_000)
    await user.keyboard('{Enter}')
    await frame()
    clock.mockRestore()
    expect(agent.cancels).toBe(2)
    confirm()
    await frame()
    expect(part('root').dataset['runState']).toBe('cancelled')
  })

  it('takes the focus to the input when the button goes', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('Count')
    part('stop').focus()
    agent.latest.end()
    await frame()
    expect(document.activeElement).toBe(part('input'))
  })

  it('takes the focus to the input when the button goes while another window is in front', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('Count')
    part('stop').focus()
    // Nothing takes the focus: the window loses it, and the button stays the active element.
    fireEvent.blur(part('stop'))
    expect(document.activeElement).toBe(part('stop'))
    agent.latest.end()
    await frame()
    expect(document.activeElement).toBe(part('input'))
  })

  it('leaves the focus where the person has taken it from the button', async () => {
    const { agent, ask, part } = await renderChat()
    await ask('Count')
    part('stop').focus()
    part('messages').focus()
    agent.latest.end()
    await frame()
    expect(document.activeElement).toBe(part('messages'))
  })
})

describe('coming and going', () => {
  it('goes on when it is unmounted, and shows everything when it is back (rows 24, 65)', async () => {
    const { agent, ask, rerender, parts } = await renderChat()
    await ask('Why?')
    agent.latest.text('Be')
    await frame()
    rerender(<p>Another page</p>)
    agent.latest.text('cause')
    await frame()
    expect([agent.cancels, agent.latest.open]).toEqual([0, 1])

    rerender(<BackgroundAgentChat session="s" />)
    expect(parts('text').map((text) => text.textContent)).toEqual(['Why?', 'Because'])
    await frame()
    expect(agent.latest.legs).toBe(1)
  })

  it('goes on after a reload with the question, the text and the time, and can be stopped', async () => {
    const { agent, ask, reload, part, parts, user } = await renderChat()
    await ask('Why?')
    agent.latest.text('Be')
    await frame()
    const reloaded = reload()
    agent.latest.text('cause')
    await reloaded
    expect(parts('text').map((text) => text.textContent)).toEqual(['Why?', 'Because'])
    expect([agent.runs.length, agent.latest.legs, agent.latest.open]).toEqual([1, 2, 1])
    await user.click(part('stop'))
    await frame()
    expect(part('root').dataset['runState']).toBe('cancelled')
  })

  it('shows each session its own text when sessions are switched in the middle of an answer (row 65)', async () => {
    const { agent, ask, rerender, part, parts } = await renderChat(<BackgroundAgentChat session="a" />)
    await ask('In A')
    const inA = agent.latest
    inA.text('answer of A')
    await frame()

    rerender(<BackgroundAgentChat session="b" />)
    await frame()
    expect(parts('message')).toHaveLength(0)
    await ask('In B')
    const inB = agent.latest
    inA.text(', more of A')
    inB.text('answer of B')
    await frame()
    expect(parts('text').map((text) => text.textContent)).toEqual(['In B', 'answer of B'])
    expect(part('root').dataset['runId']).toBe(inB.id)

    rerender(<BackgroundAgentChat session="a" />)
    await frame()
    expect(parts('text').map((text) => text.textContent)).toEqual(['In A', 'answer of A, more of A'])
    expect(agent.runs.map((run) => run.open)).toEqual([1, 1])
  })

  it('keeps a draft for each session', async () => {
    const { rerender, part, user } = await renderChat(<BackgroundAgentChat session="a" />)
    await user.type(part('input'), 'for A')
    rerender(<BackgroundAgentChat session="b" />)
    expect(part('input')).toHaveProperty('value', '')
    rerender(<BackgroundAgentChat session="a" />)
    expect(part('input')).toHaveProperty('value', 'for A')
  })

  it('starts one run over one connection in Strict Mode (row 65)', async () => {
    const { agent, ask } = await renderChat(undefined, { strict: true })
    await ask('Once')
    agent.latest.text('one')
    await frame()
    expect(agent.runs).toHaveLength(1)
    expect([agent.latest.legs, agent.latest.open]).toEqual([1, 1])
  })

  it('shows its own text and keeps its one connection while another session is being rendered, and is not ready (row 65)', async () => {
    let ready = false
    let resolve = (): void => {}
    const loading = new Promise<void>((done) => (resolve = done))
    function Loading(): ReactNode {
      // oxlint-disable-next-line no-throw-literal -- how a component suspends in React 18
      if (!ready) throw loading
      return null
    }
    let show = (_session: string): void => {}
    function Page(): ReactNode {
      const [session, setSession] = useState('a')
      show = setSession
      return (
        <Suspense fallback="Loading">
          <BackgroundAgentChat session={session} />
          {session === 'b' && <Loading />}
        </Suspense>
      )
    }
    const { agent, ask, parts } = await renderChat(<Page />)
    const texts = (): (string | null)[] => parts('text').map((text) => text.textContent)
    await ask('In A')
    agent.latest.text('Be')
    await frame()
    act(() => startTransition(() => show('b')))
    agent.latest.text('cause')
    await frame()
    expect(texts()).toEqual(['In A', 'Because'])

    ready = true
    await act(async () => resolve())
    await frame()
    expect(texts()).toEqual([])
    act(() => show('a'))
    await frame()
    expect(texts()).toEqual(['In A', 'Because'])
    expect([agent.runs.length, agent.latest.legs, agent.latest.open]).toEqual([1, 1, 1])
  })
})

describe('what it is given', () => {
  it('renders the blocks of answers with renderBlock, and what the person wrote as it is', async () => {
    const renderBlock = (block: string) => <b>{block}</b>
    const { agent, ask, parts } = await renderChat(<BackgroundAgentChat session="s" renderBlock={renderBlock} />)
    await ask('**Why?**')
    agent.latest.text('Because.\n\nSo.')
    await frame()
    expect(parts('text').map((text) => text.querySelectorAll('b').length)).toEqual([0, 2])
  })

  it('passes native props and the ref to its root', async () => {
    const ref = vi.fn<(element: HTMLElement | null) => void>()
    const { part } = await renderChat(<BackgroundAgentChat session="s" ref={ref} className="mine" aria-label="Help" />)
    expect(part('root').className).toBe('mine')
    expect(part('root').getAttribute('aria-label')).toBe('Help')
    expect(ref).toHaveBeenCalledWith(part('root'))
  })
})
