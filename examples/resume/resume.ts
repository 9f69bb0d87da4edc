import { newRun, reduce, textOf, userMessage, type Agent, type Run } from '@rejoin/core'

export interface ResumeOptions {
  agent: Agent
  print(text: string): void
  /** How many chunks of text to read before leaving. @default 10 */
  chunks?: number
}

/** Reads the beginning of an answer, leaves in mid-sentence, and reads the rest over a new stream. */
export async function resume({ agent, print, chunks = 10 }: ResumeOptions): Promise<Run['state']> {
  const run = { session: 'resume', runId: crypto.randomUUID() }
  const question = userMessage('Briefly list three benefits of exercise.')
  // What has been received so far. It drops what comes twice, and keeps what a stream left out and its end brings.
  let answer = newRun({ id: run.runId, session: run.session, message: question, createdAt: Date.now() })
  let token: string | null = null
  let left = chunks

  print('=== Streaming with Resumption ===\n\n')
  print('First stream (before interruption):\n')
  for await (const update of agent.runStreaming([question], { ...run, background: true })) {
    // A null in between does not take back the last token.
    token = update.continuationToken ?? token
    answer = show(answer, reduce(answer, update), print)
    if (update.type === 'text') left -= 1
    // Leaving closes the connection. The agent goes on.
    if (left === 0) break
  }

  if (left === 0 && token !== null) {
    print('\n  [simulated interruption]\n')
    print('Resumed stream:\n')
    for await (const update of agent.runStreaming([], { ...run, continuationToken: token })) {
      answer = show(answer, reduce(answer, update), print)
    }
  }

  print('\n\n')
  return answer.state
}

/** Prints what is new. */
function show(before: Run, after: Run, print: (text: string) => void): Run {
  const more = textOf(after).slice(textOf(before).length)
  if (more !== '') print(more)
  return after
}
