import { handlerFetch, responsesEmulator, type ResponsesEmulatorOptions } from '@rejoin/testkit'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { serve } from '@rejoin/testkit/server'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { agentFrom, nameFrom } from '../agent.ts'
import { answer, text } from '../answer.ts'
import { poll } from '../poll.ts'
import { runProgram } from './program.ts'

const whole = `=== Non-Streaming Polling ===

Initial status: continuation_token=set
  Poll 1: continuation_token=set
  Poll 2: continuation_token=None

Result (2 poll(s)):
${text}

`

function emulated(options: Partial<ResponsesEmulatorOptions>) {
  const emulator = responsesEmulator({ answer, ...options })
  const agent = openAIResponsesAgent({ apiKey: 'key', model: 'o3', fetch: handlerFetch(emulator.handler) })
  return { emulator, agent }
}

describe('polling (row 11)', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('prints what the sample prints, and the answer once it is whole', async () => {
    let printed = ''
    const ended = poll({ agent: agentFrom({}).agent, print: (more) => (printed += more) })
    await vi.advanceTimersByTimeAsync(1_999)
    expect(printed).toBe('=== Non-Streaming Polling ===\n\nInitial status: continuation_token=set\n')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await ended).toEqual({ type: 'completed' })
    expect(printed).toBe(whole)
  })

  it('of an answer that is there at once prints it without a poll (row 2)', async () => {
    const { emulator, agent } = emulated({})
    let printed = ''
    const ended = poll({ agent, print: (more) => (printed += more) })
    await vi.advanceTimersByTimeAsync(100)
    await ended
    expect(printed).toBe(
      `=== Non-Streaming Polling ===\n\nInitial status: continuation_token=None\n\nResult (0 poll(s)):\n${text}\n\n`,
    )
    expect(emulator.requests).toHaveLength(1)
  })

  it('waits for as long as the agent asks (row 4)', async () => {
    const { emulator, agent } = emulated({ paceMs: 500, pollAfterMs: 7_000 })
    const ended = poll({ agent, print: () => {}, waitMs: 10 })
    const polls = () => emulator.requests.filter(({ method }) => method === 'GET').length
    await vi.advanceTimersByTimeAsync(200)
    // What it asks for is said with a poll.
    expect(polls()).toBe(1)
    await vi.advanceTimersByTimeAsync(6_500)
    expect(polls()).toBe(1)
    await vi.advanceTimersByTimeAsync(400)
    expect(polls()).toBe(2)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await ended).toEqual({ type: 'completed' })
  })

  it('sends the question once, in the background, and afterwards the token alone (row 1)', async () => {
    const { emulator, agent } = emulated({ paceMs: 60 })
    const ended = poll({ agent, print: () => {} })
    await vi.advanceTimersByTimeAsync(10_000)
    await ended
    expect(emulator.responses.map(({ request }) => request.background)).toEqual([true])
    expect(emulator.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
  })
})

describe('the program', () => {
  it('says that an emulator answers, prints the answer and ends with 0', async () => {
    const { code, stdout, stderr } = await runProgram({})
    expect(stderr).toMatch(/^OPENAI_API_KEY is not set: an emulator answers.*\n$/)
    expect(stdout.replaceAll(/ {2}Poll \d.*\n/g, '')).toBe(whole.replaceAll(/ {2}Poll \d.*\n/g, ''))
    expect(code).toBe(0)
  }, 30_000)

  it('asks the model of the environment, with its key', async () => {
    const emulator = responsesEmulator({ answer: { output: ['E = mc²'] }, apiKey: 'sk-secret' })
    const { url, close } = await serve(emulator.handler)
    onTestFinished(close)
    const env = { OPENAI_API_KEY: 'sk-secret', OPENAI_MODEL: 'gpt-5', OPENAI_BASE_URL: `${url}/v1` }
    const { code, stdout, stderr } = await runProgram(env)
    expect(stdout).toMatch(/^=== Non-Streaming Polling ===\n[^]*\nE = mc²\n\n$/)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(emulator.responses.map(({ request }) => request.model)).toEqual(['gpt-5'])
    expect(emulator.responses[0]?.request.instructions).toContain('Be concise.')
  }, 30_000)

  it('says that an answer has failed, in our words, and ends with 1 (row 21)', async () => {
    const failed = { status: 'failed', code: 'server_error', message: 'upstream words' } as const
    const { url, close } = await serve(responsesEmulator({ answer: { output: ['E ='], outcome: failed } }).handler)
    onTestFinished(close)
    const { code, stdout, stderr } = await runProgram({ OPENAI_API_KEY: 'sk-secret', OPENAI_BASE_URL: `${url}/v1` })
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(/^The agent could not finish this answer\./)
    expect(stdout + stderr).not.toContain('upstream words')
  }, 30_000)

  it('takes a variable that is set to nothing for one that is not set', () => {
    expect(nameFrom({ OPENAI_API_KEY: 'sk-secret', OPENAI_MODEL: '', OPENAI_BASE_URL: '' })).toBe('o3 at api.openai.com')
  })

  it.each(['http://127.0.0.1:1/v1', 'not an address'])('with a wrong address says one sentence and ends with 1: %s (row 82)', async (url) => {
    const { code, stdout, stderr } = await runProgram({ OPENAI_API_KEY: 'sk-secret', OPENAI_BASE_URL: url })
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(/^o3 at \S+ gave no answer \(\w+\): check OPENAI_API_KEY, OPENAI_MODEL and OPENAI_BASE_URL\.$/)
    expect(stdout + stderr).not.toContain('sk-secret')
  }, 30_000)
})
