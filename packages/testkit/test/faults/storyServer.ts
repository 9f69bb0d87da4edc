import { delay } from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { type Story } from './story.ts'

/** The real proxy, over an agent that tells one story. */
export interface StoryServer {
  readonly handler: (request: Request) => Promise<Response>
  /** How often the agent began an answer. */
  started(): number
  /** How many of them it is still at. */
  working(): number
  /** What was thrown on the server's side. */
  readonly errors: readonly unknown[]
}

export function createStoryServer({ items }: Story): StoryServer {
  const errors: unknown[] = []
  let started = 0
  let working = 0
  const agent = backgroundAgent(
    async function* ({ signal }) {
      started += 1
      working += 1
      try {
        for (const item of items) {
          if (item.type === 'pause') await delay(item.ms, signal)
          else yield item
        }
      } finally {
        working -= 1
      }
    },
    { onError: (error) => void errors.push(error) },
  )
  const handler = createAgentProxy({
    agent,
    secret: 'not a secret, but as long as one has to be',
    authorize: () => ({ user: 'u' }),
    onError: (error) => void errors.push(error),
  })
  return { handler, started: () => started, working: () => working, errors }
}
