import { type Agent, type AgentResponse, type AgentResponseUpdate, type AgentRunOptions, type ChatMessage } from '@rejoin/core'

type Updates = AsyncIterable<AgentResponseUpdate>

/** A call as the agent under the wrapper gets it. */
export interface StreamCall {
  readonly messages: readonly ChatMessage[]
  readonly options: AgentRunOptions
}

/** An agent whose streams are others than they were. What it refuses at once it refuses at once. */
export function withStreams(agent: Agent, change: (updates: Updates, call: StreamCall) => Updates): Agent {
  return {
    ...agent,
    runStreaming: (messages, options) => change(agent.runStreaming(messages, options), { messages, options }),
  }
}

/** An agent that gets other options than it is given. */
export function withOptions(agent: Agent, change: (options: AgentRunOptions) => Partial<AgentRunOptions>): Agent {
  return {
    run: (messages, options) => agent.run(messages, { ...options, ...change(options) }),
    runStreaming: (messages, options) => agent.runStreaming(messages, { ...options, ...change(options) }),
    cancel: (options) => agent.cancel(options),
  }
}

/** An agent whose answers to `run` are others than they were. */
export function withAnswers(agent: Agent, change: (response: AgentResponse, messages: readonly ChatMessage[]) => AgentResponse): Agent {
  return { ...agent, run: async (messages, options) => change(await agent.run(messages, options), messages) }
}

/** Each update as whatever `change` makes of it; `at` counts from 0. */
export async function* each(
  updates: Updates,
  change: (update: AgentResponseUpdate, at: number) => readonly AgentResponseUpdate[],
): AsyncGenerator<AgentResponseUpdate> {
  let at = 0
  for await (const update of updates) {
    yield* change(update, at)
    at += 1
  }
}

/** Two updates that come one after the other, the other way round. */
export async function* swapped(updates: Updates, first: number): AsyncGenerator<AgentResponseUpdate> {
  let kept: AgentResponseUpdate | null = null
  let at = 0
  for await (const update of updates) {
    if (at === first) kept = update
    else yield update
    if (at === first + 1 && kept) yield kept
    at += 1
  }
}
