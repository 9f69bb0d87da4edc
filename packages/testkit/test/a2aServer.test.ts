import { a2aServer, type A2aScript, type A2aServerOptions } from '@rejoin/testkit/a2a'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ask, silenced, states, textsIn } from './a2a/rawClient.ts'

const steps = [
  { type: 'status', text: 'Reading' },
  { type: 'artifact', id: 'a', parts: ['One '] },
  { type: 'artifact', id: 'a', parts: ['two'] },
] as const

async function serve(script: A2aServerOptions['script'], more: Omit<A2aServerOptions, 'script'> = {}) {
  const server = await a2aServer({ script, ...more })
  onTestFinished(() => server.close())
  return server
}

describe('a server of the official SDK', () => {
  silenced()

  it('plays its script: statuses, artifacts in chunks, an end', async () => {
    const server = await serve({ steps, outcome: { type: 'completed', text: 'Done' } })
    const events = await ask(server.url, 'SendStreamingMessage').all()
    expect(states(events)).toEqual(['TASK_STATE_SUBMITTED', 'TASK_STATE_WORKING', 'TASK_STATE_COMPLETED'])
    expect(textsIn(events)).toEqual(['One ', 'two'])
    expect(server.requests.map(({ method }) => method)).toEqual(['SendStreamingMessage'])
    expect(server.started()).toBe(1)
  })

  it('answers at once without a task', async () => {
    const server = await serve({ message: ['Pong'] })
    const [event] = await ask(server.url, 'SendStreamingMessage').all()
    expect(event).toMatchObject({ message: { parts: [{ text: 'Pong' }] } })
  })

  it.each([
    ['failed', 'TASK_STATE_FAILED'],
    ['rejected', 'TASK_STATE_REJECTED'],
    ['input_required', 'TASK_STATE_INPUT_REQUIRED'],
    ['auth_required', 'TASK_STATE_AUTH_REQUIRED'],
  ] as const)('ends a task as %s', async (type, state) => {
    const server = await serve({ steps, outcome: { type, text: 'Why' } })
    const events = await ask(server.url, 'SendStreamingMessage').until((event) => states([event])[0] === state)
    expect(states(events).at(-1)).toBe(state)
  })

  it('makes a status message of what its agent throws, as the SDK does', async () => {
    const server = await serve({ steps: [], outcome: { type: 'failed', error: 'a secret' } })
    const events = await ask(server.url, 'SendStreamingMessage').all()
    expect(JSON.stringify(events.at(-1))).toContain('a secret')
  })

  it('closes the streams of a task that goes on', async () => {
    const server = await serve({ steps: [...steps, { type: 'close' }, { type: 'artifact', id: 'a', parts: ['!'] }] })
    const events = await ask(server.url, 'SendStreamingMessage').all()
    expect(states(events).at(-1)).toBe('TASK_STATE_WORKING')
    const id = taskIn(events)
    await vi.waitFor(async () => {
      const [task] = await ask(server.url, 'GetTask', { id }).all()
      expect(states([{ task }])).toEqual(['TASK_STATE_COMPLETED'])
      expect(textsIn([{ task }])).toEqual(['One ', 'two', '!'])
    })
  })

  it.each([
    ['input_required', true],
    ['auth_required', true],
    ['input_required', false],
    ['auth_required', false],
  ] as const)('asks, and goes on in the same task with the message that answers: %s (streams: %s)', async (state, streaming) => {
    const server = await serve({ steps: [...steps, { type: 'ask', state, parts: ['Which?'] }, { type: 'artifact', id: 'a', parts: ['!'] }] }, { streaming })
    const [first] = streaming
      ? await ask(server.url, 'SendStreamingMessage').until((event) => states([event])[0] === `TASK_STATE_${state.toUpperCase()}`)
      : await ask(server.url, 'SendMessage').all()
    const id = taskIn([first])
    const message = { messageId: 'answer', role: 'ROLE_USER', taskId: id, parts: [{ text: 'This one' }] }
    await ask(server.url, streaming ? 'SendStreamingMessage' : 'SendMessage', { message }).all()
    await vi.waitFor(async () => {
      const [task] = await ask(server.url, 'GetTask', { id }).all()
      expect(states([{ task }])).toEqual(['TASK_STATE_COMPLETED'])
      expect(textsIn([{ task }])).toEqual(['One ', 'two', '!'])
    })
    expect(server.started()).toBe(2)
  })

  it('goes on without a message where the person has signed in elsewhere', async () => {
    let signIn = (): void => {}
    const signedIn = new Promise<void>((resolve) => (signIn = resolve))
    const server = await serve({ steps: [{ type: 'ask', state: 'auth_required', parts: ['Sign in'], until: () => signedIn }, ...steps] })
    const events = ask(server.url, 'SendStreamingMessage').until((event) => {
      if (states([event])[0] === 'TASK_STATE_AUTH_REQUIRED') signIn()
      return states([event])[0] === 'TASK_STATE_COMPLETED'
    })
    expect(textsIn(await events)).toEqual(['One ', 'two'])
  })

  it('waits for the person after a restart, too', async () => {
    const server = await serve({ steps: [{ type: 'ask', state: 'input_required', parts: ['Which?'] }, ...steps] })
    const id = taskIn(await ask(server.url, 'SendStreamingMessage').until((event) => states([event])[0] === 'TASK_STATE_INPUT_REQUIRED'))
    await server.restart('kept')
    const [task] = await ask(server.url, 'GetTask', { id }).all()
    expect(states([{ task }])).toContain('TASK_STATE_INPUT_REQUIRED')
    const message = { messageId: 'answer', role: 'ROLE_USER', taskId: id, parts: [{ text: 'This one' }] }
    expect(textsIn(await ask(server.url, 'SendStreamingMessage', { message }).all())).toEqual(['One ', 'two'])
  })

  it('goes on with its tasks after a restart, behind what had been saved', async () => {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    const script: A2aScript = { steps: [...steps, { type: 'wait', until: () => gate }, { type: 'artifact', id: 'a', parts: ['!'] }] }
    const server = await serve(script, { store: { loadMs: 2, saveMs: 2 } })
    const events = await ask(server.url, 'SendStreamingMessage').until((event) => textsIn([event]).includes('two'))
    await server.kill()
    open()
    await server.restart('kept')
    await vi.waitFor(async () => {
      const [task] = await ask(server.url, 'GetTask', { id: taskIn(events) }).all()
      expect(textsIn([{ task }])).toEqual(['One ', 'two', '!'])
      expect(states([{ task }])).toEqual(['TASK_STATE_COMPLETED'])
    })
    expect(server.started()).toBe(1)
  })

  it('knows nothing of its tasks after a restart that forgets them', async () => {
    const server = await serve({ steps, outcome: { type: 'hangs' } })
    const events = await ask(server.url, 'SendStreamingMessage').until((event) => textsIn([event]).includes('two'))
    await server.restart('forgotten')
    await expect(ask(server.url, 'GetTask', { id: taskIn(events) }).all()).rejects.toThrow('-32001')
  })

  it('lets its store lag behind what it streams to who subscribes', async () => {
    const chunks = Array.from({ length: 20 }, (_, at) => ({ type: 'artifact', id: 'a', parts: [`${at} `] }) as const)
    const server = await serve({ steps: [{ type: 'artifact', id: 'a', parts: ['> '] }, { type: 'wait', until: 100 }, ...chunks] }, { store: { saveMs: 10 } })
    const first = await ask(server.url, 'SendStreamingMessage').until((event) => textsIn([event]).includes('> '))
    const id = taskIn(first)
    const events = await ask(server.url, 'SubscribeToTask', { id }).all()
    expect(states(events).at(-1)).toBe('TASK_STATE_COMPLETED')
    const [task] = await ask(server.url, 'GetTask', { id }).all()
    expect(textsIn([{ task }]).length).toBeLessThan(21)
  })
})

function taskIn(events: readonly unknown[]): string {
  const [first] = events
  expect(first).toHaveProperty('task.id')
  return JSON.parse(JSON.stringify(first)).task.id
}
