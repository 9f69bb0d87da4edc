import { type AgentResponse } from '@rejoin/core'
import { type RunKey } from '../registry/registry.ts'
import { unref } from '../unref.ts'

/** How long an answer is kept, in milliseconds. */
const keptMs = 300_000
/** Of more than so many the oldest goes. */
const mostKept = 1_000

/**
 * Answers that have come whole, to starts without a stream, of runs that the agent has not named. Nobody could ask the agent for them
 * once more, and their asker may have been told to ask again, or never have got them.
 */
export interface WholeAnswers {
  keep(run: RunKey, answer: Promise<AgentResponse>): void
  /** `null` where there is none, or it is too long ago. */
  find(run: RunKey): Promise<AgentResponse | null>
}

export function createWholeAnswers(): WholeAnswers {
  const answers = new Map<string, Promise<AgentResponse>>()
  const nameOf = ({ user, runId }: RunKey): string => JSON.stringify([user, runId])

  return {
    keep(run, answer) {
      const name = nameOf(run)
      answers.set(name, answer)
      const [oldest] = answers.keys()
      if (answers.size > mostKept && oldest !== undefined) answers.delete(oldest)
      unref(setTimeout(() => answers.delete(name), keptMs))
      answer.catch(() => answers.delete(name))
    },
    async find(run) {
      return (await answers.get(nameOf(run))) ?? null
    },
  }
}
