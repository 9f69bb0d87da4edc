import { type Agent, type AgentResponseUpdate } from '@rejoin/core'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator, type ResponsesEmulatorOptions } from '@rejoin/testkit'
import { serve } from '@rejoin/testkit/server'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { agentFrom, nameFrom } from '../agent.ts'
import { answer, text } from '../answer.ts'
import { resume } from '../resume.ts'
import { runProgram } from './program.ts'

const words: readonly string[] = text.match(/\S+\s*/g) ?? []

const whole = `=== Streaming with Resumption ===

First stream (before interruption):
${words.slice(0, 10).join('')}
  [simulated interruption]
Resumed stream:
${words.slice(10).join('')}

`

function emulated(options: Partial<ResponsesEmulatorOptions>) {
  const emulator = responsesEmulator({ answer, ...options })
  const agent = openAIResponsesAgent({ apiKey: 'key', model: 'o3', fetch: handlerFetch(emulator.handler) })
  return { emulator, agent }
}

describe('leaving and resuming (row 11)', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('prints what the sample prints: ten chunks, and then the rest', async () => {
    let printed = ''
    const ended = resume({ agent: agentFrom({}).agent, print: (more) => (printed += more) })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await ended).toEqual({ type: 'completed' })
    expect(printed).toBe(whole)
  })

  it.each(words.map((_, at) => at + 1))('after chunk %i loses and doubles nothing (rows 8, 10)', async (chunks) => {
    const { emulator, agent } = emulated({ paceMs: 0 })
    const printed: string[] = []
    const ended = resume({ agent, chunks, print: (more) => printed.push(more) })
    await vi.advanceTimersByTimeAsync(1_000)
    await ended
    const shown = printed.filter((more) => words.includes(more))
    expect(shown.join('')).toBe(text)
    expect(printed.indexOf('\n  [simulated interruption]\n')).toBe(chunks + 2)
    expect(emulator.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
    expect(emulator.responses).toHaveLength(1)
  })

  it('goes on with the last token there was, where an update has none (row 9)', async () => {
    const { agent } = emulated({ paceMs: 20 })
    async function* forgetful(stream: AsyncIterable<AgentResponseUpdate>): AsyncGenerator<AgentResponseUpdate> {
      for await (const update of stream) yield update.type === 'text' ? { ...update, continuationToken: null } : update
    }
    let printed = ''
    const forgets: Agent = { ...agent, runStreaming: (messages, run) => forgetful(agent.runStreaming(messages, run)) }
    const ended = resume({ agent: forgets, print: (more) => (printed += more) })
    await vi.advanceTimersByTimeAsync(10_000)
    await ended
    expect(printed).toBe(whole)
  })

  it.each(['inclusive', 'replay'] as const)('is exact on servers of the kind %s (row 34)', async (profile) => {
    const { agent } = emulated({ profile, paceMs: 20 })
    let printed = ''
    const ended = resume({ agent, print: (more) => (printed += more) })
    await vi.advanceTimersByTimeAsync(10_000)
    await ended
    expect(printed).toBe(whole)
  })

  it('prints the rest where it can not be streamed any more (row 27)', async () => {
    const { emulator, agent } = emulated({ paceMs: 60, windowMs: 500 })
    let printed = ''
    const ended = resume({ agent, print: (more) => (printed += more) })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await ended).toEqual({ type: 'completed' })
    expect(printed).toBe(whole)
    expect(emulator.requests.map(({ status }) => status).slice(0, 3)).toEqual([200, 400, 200])
  })

  it('of an answer shorter than that prints it, and leaves out the rest', async () => {
    const { emulator, agent } = emulated({ answer: { output: ['Sleep.'] } })
    let printed = ''
    const ended = resume({ agent, print: (more) => (printed += more) })
    await vi.advanceTimersByTimeAsync(1_000)
    await ended
    expect(printed).toBe('=== Streaming with Resumption ===\n\nFirst stream (before interruption):\nSleep.\n\n')
    expect(emulator.requests).toHaveLength(1)
  })
})

describe('the program', () => {
  it('says that an emulator answers, prints the answer and ends with 0', async () => {
    const { code, stdout, stderr } = await runProgram({})
    expect(stderr).toMatch(/^OPENAI_API_KEY is not set: an emulator answers.*\n$/)
    expect(stdout).toBe(whole)
    expect(code).toBe(0)
  }, 30_000)

  it('asks the model of the environment, with its key', async () => {
    const emulator = responsesEmulator({ answer, apiKey: 'sk-secret', paceMs: 10 })
    const { url, close } = await serve(emulator.handler)
    onTestFinished(close)
    const env = { OPENAI_API_KEY: 'sk-secret', OPENAI_MODEL: 'gpt-5', OPENAI_BASE_URL: `${url}/v1` }
    expect(await runProgram(env)).toEqual({ code: 0, stdout: whole, stderr: '' })
    expect(emulator.responses.map(({ request }) => [request.model, request.background])).toEqual([['gpt-5', true]])
    expect(emulator.requests.map(({ method, end }) => [method, end])).toEqual([
      ['POST', 'left'],
      ['GET', 'complete'],
    ])
  }, 30_000)

  it('says that an answer has failed, in our words, after what there is of it, and ends with 1 (row 21)', async () => {
    const failed = { status: 'failed', code: 'rate_limit_exceeded', message: 'upstream words' } as const
    const script = { output: [{ type: 'message', text: ['Sleep ', 'is '] } as const], outcome: failed }
    const { url, close } = await serve(responsesEmulator({ answer: script }).handler)
    onTestFinished(close)
    const { code, stdout, stderr } = await runProgram({ OPENAI_API_KEY: 'sk-secret', OPENAI_BASE_URL: `${url}/v1` })
    expect(code).toBe(1)
    expect(stdout).toContain('Sleep is ')
    expect(stderr.trim()).toMatch(/^The agent had too much to do/)
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
