import {
  memoryRunStore,
  RejoinError,
  soloTabs,
  textOf,
  userMessage,
  type ChatMessage,
  type FinishedRun,
  type RequestPart,
  type RunStore,
} from '@rejoin/core'
import { act, cleanup, renderHook, type RenderHookResult } from '@testing-library/react'
import { type ReactNode } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  BackgroundAgentProvider,
  useBackgroundAgent,
  type BackgroundAgent,
  type UseBackgroundAgentOptions,
} from '../src/index.ts'
import { sourceOf } from '../src/chatSource.ts'
import { frame } from './support/frame.ts'
import { manualAgent, type ManualAgent } from './support/manualAgent.ts'
import { renderChat } from './support/renderChat.tsx'

afterEach(cleanup)

interface HookPage extends RenderHookResult<BackgroundAgent, UseBackgroundAgentOptions> {
  agent: ManualAgent
  send(text: string): Promise<void>
}

async function renderChatHook(
  options: Partial<UseBackgroundAgentOptions> = {},
  { agent = manualAgent(), store = memoryRunStore() }: { agent?: ManualAgent; store?: RunStore } = {},
): Promise<HookPage> {
  const wrapper = ({ children }: { children: ReactNode }): ReactNode => (
    <BackgroundAgentProvider agent={agent} user={null} store={store} tabs={soloTabs()} backoff={{ baseMs: 1 }}>
      {children}
    </BackgroundAgentProvider>
  )
  const rendered = renderHook(useBackgroundAgent, { wrapper, initialProps: { session: 's', ...options } })
  await frame()
  return {
    ...rendered,
    agent,
    async send(text) {
      await act(() => rendered.result.current.sendMessage(text))
      await frame()
    },
  }
}

const textsOf = ({ messages }: BackgroundAgent): string[] => messages.map(textOf)

const answer = (id: string, text: string): ChatMessage => ({ id, role: 'assistant', parts: [{ type: 'text', text }] })

const question: RequestPart = { type: 'request', kind: 'input', id: 'r', prompt: 'Which region?' }

describe('useBackgroundAgent', () => {
  it('says that a provider is missing, and what to do', () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(() => renderHook(() => useBackgroundAgent({ session: 's' }))).toThrow(new RejoinError('missing_provider').message)
    log.mockRestore()
  })

  it('is ready and empty, with no run, where nothing was ever asked', async () => {
    const { result } = await renderChatHook()
    expect(result.current).toMatchObject({ id: 's', messages: [], status: 'ready', run: null, error: null })
  })

  it('goes through the states of useChat: submitted, streaming, ready', async () => {
    const { result, agent, send } = await renderChatHook()
    await send('Why?')
    expect(result.current.status).toBe('submitted')
    agent.latest.text('Because')
    await frame()
    expect(result.current.status).toBe('streaming')
    agent.latest.end()
    await frame()
    expect(result.current.status).toBe('ready')
    expect(textsOf(result.current)).toEqual(['Why?', 'Because'])
  })

  it('sends a string or a text, and says which run that made', async () => {
    const { result, agent } = await renderChatHook()
    const sent = await act(() => result.current.sendMessage({ text: 'Why?' }))
    await frame()
    expect(sent).toEqual({ accepted: true, runId: agent.latest.id })
    expect(agent.latest.question).toBe('Why?')
  })

  it('never rejects what it refuses, and says it in error until that is cleared', async () => {
    const { result } = await renderChatHook()
    const sent = await act(() => result.current.sendMessage(''))
    expect(sent).toEqual({ accepted: false, error: result.current.error })
    expect(result.current.error?.code).toBe('empty_message')
    act(() => result.current.clearError())
    expect(result.current.error).toBeNull()
  })

  it('gives the same functions on each render', async () => {
    const { result, agent, send } = await renderChatHook()
    const { sendMessage, answer, stop, regenerate, reconnect, clearError } = result.current
    await send('Why?')
    agent.latest.text('Because')
    await frame()
    expect(result.current).toMatchObject({ sendMessage, answer, stop, regenerate, reconnect, clearError })
  })

  it('names one source for all chats of a session, so that passing them on costs nothing', async () => {
    const { result, agent, send } = await renderChatHook()
    await send('Why?')
    const before = result.current
    agent.latest.text('Because')
    await frame()
    expect(result.current).not.toBe(before)
    expect(sourceOf(result.current)).toBe(sourceOf(before))
  })

  it('stops, and resolves when the server has confirmed it', async () => {
    const { result, agent, send } = await renderChatHook()
    const confirm = agent.holdStops()
    await send('Count')
    const stopped = vi.fn<() => void>()
    let stopping = Promise.resolve()
    act(() => {
      stopping = result.current.stop().then(stopped)
    })
    await frame()
    expect(result.current.run?.state.type).toBe('stopping')
    expect(stopped).not.toHaveBeenCalled()
    confirm()
    await act(() => stopping)
    expect(result.current.run?.state.type).toBe('cancelled')
  })

  it('asks again, in the place of the earlier answer', async () => {
    const { result, agent, send } = await renderChatHook()
    await send('Why?')
    agent.latest.text('I do not know')
    agent.latest.end({ type: 'failed', code: 'agent_failed' })
    await frame()
    expect(result.current.status).toBe('error')

    await act(() => result.current.regenerate())
    await frame()
    agent.latest.text('Because')
    agent.latest.end()
    await frame()
    expect(textsOf(result.current)).toEqual(['Why?', 'Because'])
    expect(agent.runs.map(({ question }) => question)).toEqual(['Why?', 'Why?'])
  })

  it('asks again after a run that waits for the person, and that is asked no more', async () => {
    const { result, agent, send } = await renderChatHook()
    await send('Why?')
    agent.latest.ask(question)
    await frame()
    expect(result.current).toMatchObject({ status: 'ready', requests: [question] })
    await act(() => result.current.regenerate())
    await frame()
    expect([result.current.requests, textsOf(result.current)]).toEqual([[], ['Why?', '']])
    expect(agent.starts.at(-1)?.replaces).toBe(agent.runs[0]?.id)
  })

  it('does not ask again while an answer is written', async () => {
    const { result, agent, send } = await renderChatHook()
    await send('Why?')
    const asked = await act(() => result.current.regenerate())
    expect([asked.accepted, result.current.error?.code, agent.runs.length]).toEqual([false, 'busy', 1])
  })

  it('answers what the agent asks, and refuses an answer to anything else', async () => {
    const { result, agent, send } = await renderChatHook()
    await send('Why?')
    agent.latest.ask(question)
    await frame()
    const refused = await act(() => result.current.answer('another', 'North'))
    expect([refused.accepted, result.current.error?.code]).toEqual([false, 'not_found'])
    const given = await act(() => result.current.answer('r', 'North'))
    await frame()
    expect(given).toEqual({ accepted: true, runId: agent.latest.id })
    expect(agent.latest.asked).toEqual([{ type: 'answer', kind: 'input', request: 'r', text: 'North' }])
    expect(result.current.requests).toEqual([])
  })

  it('sends the last message in another form, in the place of it and of its answer', async () => {
    const { result, agent, send } = await renderChatHook()
    await send('First?')
    agent.latest.text('One')
    agent.latest.end()
    await frame()
    await send('Secnod?')
    agent.latest.text('What?')
    agent.latest.end()
    await frame()
    const [first, , last] = result.current.messages
    await act(() => result.current.sendMessage({ text: 'Second?', messageId: last?.id }))
    await frame()
    agent.latest.text('Two')
    agent.latest.end()
    await frame()
    expect(textsOf(result.current)).toEqual(['First?', 'One', 'Second?', 'Two'])
    expect(result.current.messages[2]?.id).toBe(last?.id)
    expect(agent.starts.at(-1)?.replaces).toBe(agent.runs[1]?.id)

    const refused = await act(() => result.current.sendMessage({ text: 'Earlier', messageId: first?.id }))
    expect([refused.accepted, result.current.error?.code]).toEqual([false, 'not_found'])
    expect(textsOf(result.current)).toEqual(['First?', 'One', 'Second?', 'Two'])
  })

  it('sends files that are somewhere already, and no others', async () => {
    const { result, agent } = await renderChatHook()
    await act(() => result.current.sendMessage({ text: 'Look', files: [{ url: '/f.csv', mediaType: 'text/csv' }] }))
    await frame()
    expect(agent.latest.asked).toMatchObject([
      { type: 'text', text: 'Look' },
      { type: 'file', url: '/f.csv', mediaType: 'text/csv' },
    ])
    agent.latest.end()
    await frame()
    const refused = await act(() => result.current.sendMessage({ text: 'Look', files: [{ url: 'data:text/csv,a', mediaType: 'text/csv' }] }))
    expect([refused.accepted, agent.runs.length]).toEqual([false, 1])
  })

  it('tries again at once when asked to', async () => {
    const { result, agent, send } = await renderChatHook()
    agent.refuse(new RejoinError('unauthorized'))
    await send('Why?')
    expect(result.current.run?.state.type).toBe('paused')
    agent.refuse(null)
    act(() => result.current.reconnect())
    await frame()
    expect(result.current.run?.state.type).toBe('streaming')
  })

  it('sends to the session it shows, also in the very commit that switched to it', async () => {
    const { result, rerender, agent } = await renderChatHook({ session: 'a' })
    rerender({ session: 'b' })
    await act(() => result.current.sendMessage('for B'))
    await frame()
    rerender({ session: 'a' })
    await frame()
    expect(result.current.messages).toEqual([])
    rerender({ session: 'b' })
    await frame()
    expect(textsOf(result.current)).toEqual(['for B', ''])
    expect(agent.runs).toHaveLength(1)
  })
})

describe('initialMessages', () => {
  const history = [userMessage('Earlier?', 'q1'), answer('a1', 'Yes')]

  it('come first', async () => {
    const { result, send } = await renderChatHook({ initialMessages: history })
    await send('And now?')
    expect(textsOf(result.current)).toEqual(['Earlier?', 'Yes', 'And now?', ''])
  })

  it('are not shown twice where the session has them itself', async () => {
    const { result, agent, rerender, send } = await renderChatHook({ initialMessages: history })
    await send('And now?')
    agent.latest.text('Still yes')
    agent.latest.end()
    await frame()
    const [question] = result.current.messages.slice(2)
    if (!question) throw new Error('There is no question.')
    rerender({ session: 's', initialMessages: [...history, question, answer(agent.latest.id, 'Still yes, says the server')] })
    expect(textsOf(result.current)).toEqual(['Earlier?', 'Yes', 'And now?', 'Still yes'])
  })

  it('do not bring back an answer that was asked for again', async () => {
    const { result, agent, rerender, send } = await renderChatHook()
    await send('Why?')
    agent.latest.text('No idea')
    agent.latest.end()
    await frame()
    rerender({ session: 's', initialMessages: [...result.current.messages] })
    await act(() => result.current.regenerate())
    await frame()
    agent.latest.text('Because')
    await frame()
    expect(textsOf(result.current)).toEqual(['Why?', 'Because'])
  })

  it('leave the array of messages as it is when they are merely given anew', async () => {
    const { result, rerender } = await renderChatHook({ initialMessages: [...history] })
    const before = result.current.messages
    rerender({ session: 's', initialMessages: [...history] })
    expect(result.current.messages).toBe(before)
  })

  it('may be made anew, objects and all, on every render', async () => {
    const store = memoryRunStore()
    const { result } = renderHook(
      () => useBackgroundAgent({ session: 's', initialMessages: [userMessage('Earlier?', 'q1')] }),
      {
        wrapper: ({ children }: { children: ReactNode }) => (
          <BackgroundAgentProvider agent={manualAgent()} user={null} store={store} tabs={soloTabs()}>
            {children}
          </BackgroundAgentProvider>
        ),
      },
    )
    await frame()
    await act(() => result.current.sendMessage('And now?'))
    await frame()
    expect(textsOf(result.current)).toEqual(['Earlier?', 'And now?', ''])
  })

  it('keep their identity, like all messages but the one that grows', async () => {
    const { result, agent, send } = await renderChatHook({ initialMessages: history })
    await send('And now?')
    agent.latest.text('Still')
    await frame()
    const before = result.current.messages
    agent.latest.text(' yes')
    await frame()
    const after = result.current.messages
    expect(after.slice(0, 3).every((message, at) => message === before[at])).toBe(true)
    expect(after[3]).not.toBe(before[3])
  })
})

describe('onFinish', () => {
  it('is called once with the message and the run, by the latest handler', async () => {
    const first = vi.fn<(finished: FinishedRun) => void>()
    const latest = vi.fn<(finished: FinishedRun) => void>()
    const { agent, rerender, send } = await renderChatHook({ onFinish: first })
    await send('Why?')
    rerender({ session: 's', onFinish: latest })
    agent.latest.text('Because')
    agent.latest.end()
    await frame()
    expect(first).not.toHaveBeenCalled()
    expect(latest).toHaveBeenCalledTimes(1)
    expect(latest.mock.lastCall?.[0]).toMatchObject({
      message: answer(agent.latest.id, 'Because'),
      run: { id: agent.latest.id, state: { type: 'completed' } },
    })
  })

  it('is called after a reload for a run that nobody was told of, and never again (row 69)', async () => {
    const agent = manualAgent()
    const store = memoryRunStore()
    const before = await renderChatHook({}, { agent, store })
    await before.send('Why?')
    agent.latest.end()
    await frame()
    cleanup()
    await frame()

    const onFinish = vi.fn<(finished: FinishedRun) => void>()
    await renderChatHook({ onFinish }, { agent, store })
    await frame()
    expect(onFinish).toHaveBeenCalledTimes(1)
    cleanup()
    await frame()
    await renderChatHook({ onFinish }, { agent, store })
    await frame()
    expect(onFinish).toHaveBeenCalledTimes(1)
  })
})

describe('onError', () => {
  it('is called once for each thing that went wrong', async () => {
    const onError = vi.fn<(error: RejoinError) => void>()
    const { result, agent, send } = await renderChatHook({ onError })
    await send('')
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['empty_message'])
    await send('Why?')
    agent.latest.end({ type: 'failed', code: 'interrupted' })
    await frame()
    act(() => result.current.reconnect())
    await send('')
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['empty_message', 'interrupted', 'empty_message'])
  })

  it('is called once in Strict Mode, where the failure was there before', async () => {
    const onError = vi.fn<(error: RejoinError) => void>()
    function Watch(): ReactNode {
      useBackgroundAgent({ session: 's', onError })
      return null
    }
    const { agent, ask, rerender } = await renderChat(undefined, { strict: true })
    await ask('Why?')
    agent.latest.end({ type: 'failed', code: 'interrupted' })
    await frame()
    rerender(<Watch />)
    await frame()
    expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['interrupted'])
  })
})
