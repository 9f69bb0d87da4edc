import { newRun, reduce, splitToken, textOf, userMessage, type AgentResponseUpdate, type Run } from '@rejoin/core'
import { expect } from 'vitest'
import { piece, serve } from './served.ts'

/** What became of some resumes. */
export interface Tally {
  readonly resumes: number
  /** Screens that were no beginning of the answer, and answers that were not whole. */
  wrong: number
  /** Resumes beside which a stream of the same task, read as it came, told another answer or no end. */
  misled: number
  /** How often the kept task was read. */
  reads: number
}

const count = 24
const words = Array.from({ length: count }, (_, at) => `word-${at} `)
const answer = words.join('')

/** Starts that many runs, and goes on with each of them once, somewhere in its middle. */
export async function resumeInMidst(resumes: number, storeMs: number, gapMs: number): Promise<Tally> {
  const tally: Tally = { resumes, wrong: 0, misled: 0, reads: 0 }
  const steps = words.flatMap((word) => [piece(word), { type: 'wait', until: gapMs } as const])
  const server = await serve({ steps }, { store: { loadMs: storeMs, saveMs: storeMs } })

  async function one(at: number): Promise<void> {
    const options = { runId: `run-${at}`, session: `session-${at}` }
    let run = newRun({ id: options.runId, session: '', message: userMessage('?', 'm'), createdAt: 0 })
    const take = (update: AgentResponseUpdate): void => {
      run = reduce(run, update)
      if (!answer.startsWith(textIn(run))) tally.wrong += 1
    }
    let token = ''
    for await (const update of server.agent().runStreaming([userMessage('?')], options)) {
      take(update)
      token = update.continuationToken ?? token
      if (textIn(run).length >= (at % count) * 8) break
    }
    expect(splitToken(token).handle).not.toBe('')
    const alone = streamOf(server.url, splitToken(token).handle.split('/')[0] ?? '')
    for await (const update of server.agent().runStreaming([], { ...options, continuationToken: token })) take(update)
    if (textIn(run) !== answer || run.state.type !== 'completed') tally.wrong += 1
    const stream = await alone
    if (stream !== null && (told(stream) !== answer || !stream.includes('TASK_STATE_COMPLETED'))) tally.misled += 1
  }

  await Promise.all(Array.from({ length: resumes }, (_, at) => one(at)))
  tally.reads = server.methods().filter((method) => method === 'GetTask').length
  return tally
}

function textIn({ parts }: Run): string {
  return textOf({ parts })
}

/** All that a subscription brings until it closes; `null` where there is none, since the task has ended. */
async function streamOf(url: string, id: string): Promise<string | null> {
  const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SubscribeToTask', params: { id } })
  const response = await fetch(url, { method: 'POST', headers, body })
  return response.headers.get('content-type')?.startsWith('text/event-stream') ? await response.text() : null
}

/** The texts of a stream of the protocol, one after the other. */
function told(stream: string): string {
  return Array.from(stream.matchAll(/"text":"(word-\d+ )"/g), ([, text]) => text ?? '').join('')
}

