import { delay, textOf, userMessage, type Agent, type AgentResponse } from '@rejoin/core'

export interface PollingOptions {
  agent: Agent
  print(text: string): void
  /** How long to wait before each poll, in milliseconds; the agent may ask for longer. @default 2000 */
  waitMs?: number
}

/** Starts an answer in the background and asks for it until it is there. */
export async function poll({ agent, print, waitMs = 2_000 }: PollingOptions): Promise<AgentResponse['state']> {
  const run = { session: 'polling', runId: crypto.randomUUID() }
  const question = userMessage('Briefly explain the theory of relativity in two sentences.')
  print('=== Non-Streaming Polling ===\n\n')

  let answer = await agent.run([question], { ...run, background: true })
  print(`Initial status: continuation_token=${tokenOf(answer)}\n`)

  let polls = 0
  while (answer.continuationToken !== null) {
    await delay(Math.max(waitMs, answer.pollAfterMs ?? 0))
    answer = await agent.run([], { ...run, continuationToken: answer.continuationToken })
    polls += 1
    print(`  Poll ${polls}: continuation_token=${tokenOf(answer)}\n`)
  }

  print(`\nResult (${polls} poll(s)):\n${textOf(answer.message)}\n\n`)
  return answer.state
}

function tokenOf({ continuationToken }: AgentResponse): string {
  return continuationToken === null ? 'None' : 'set'
}
