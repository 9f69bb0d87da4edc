import { type Agent } from '@rejoin/core'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator } from '@rejoin/testkit'
import { answer } from './answer.ts'

export interface ChosenAgent {
  agent: Agent
  name: string
  /** What to say before the first line. */
  note: string | null
}

const instructions = 'You are a helpful research assistant. Be concise.'

/** The model that the environment names, or one that is played by this program where there is no key. */
export function agentFrom(env: NodeJS.ProcessEnv): ChosenAgent {
  const { OPENAI_API_KEY: apiKey, OPENAI_MODEL: model = 'o3', OPENAI_BASE_URL: baseURL = 'https://api.openai.com/v1' } = env
  if (apiKey) {
    const name = `${model} at ${URL.canParse(baseURL) ? new URL(baseURL).host : 'OPENAI_BASE_URL'}`
    return { agent: openAIResponsesAgent({ apiKey, model, baseURL, instructions }), name, note: null }
  }
  const fetch = handlerFetch(responsesEmulator({ answer, paceMs: 60 }).handler)
  return {
    agent: openAIResponsesAgent({ apiKey: 'none', model, instructions, fetch }),
    name: 'The emulator',
    note: 'OPENAI_API_KEY is not set: an emulator answers, with a text that was written beforehand.',
  }
}
