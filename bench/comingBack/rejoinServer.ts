import { textOf } from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { answerTo, type Answers } from './answers.ts'

/** Rejoin's server, as its README says. */
export function rejoinServer(answers: Answers): (request: Request) => Promise<Response> {
  return createAgentProxy({
    agent: backgroundAgent(({ messages }) => answerTo(answers, textOf(messages.at(-1) ?? { parts: [] })).words()),
    basePath: '/api/agent',
    secret: 'only for benchmarks, and long enough for that',
    authorize: () => null,
  })
}
