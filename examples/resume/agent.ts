import { type Agent } from '@rejoin/core'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator } from '@rejoin/testkit'
import { answer } from './answer.ts'

export interface ChosenAgent {
  agent: Agent
  /** What to say before the first line. */
  note: string | null
}

const instructions = 'You are a helpful research assistant. Be concise.'

/**
 * The model that the environment names, or one that is played by this program where there is no key.
 * @throws TypeError for an address that is none
 */
export function agentFrom(env: NodeJS.ProcessEnv): ChosenAgent {
  const { apiKey, model, baseURL } = settingsFrom(env)
  if (apiKey) return { agent: openAIResponsesAgent({ apiKey, model, baseURL, instructions }), note: null }
  const fetch = handlerFetch(responsesEmulator({ answer, paceMs: 60 }).handler)
  return {
    agent: openAIResponsesAgent({ apiKey: 'none', model, instructions, fetch }),
    note: 'OPENAI_API_KEY is not set: an emulator answers, with a text that was written beforehand.',
  }
}

/** Who answers: `o3 at api.openai.com`. */
export function nameFrom(env: NodeJS.ProcessEnv): string {
  const { apiKey, model, baseURL } = settingsFrom(env)
  if (!apiKey) return 'The emulator'
  return `${model} at ${URL.canParse(baseURL) ? new URL(baseURL).host : 'OPENAI_BASE_URL'}`
}

/** A variable that is set to nothing is not set. */
function settingsFrom({ OPENAI_API_KEY: apiKey, OPENAI_MODEL, OPENAI_BASE_URL }: NodeJS.ProcessEnv) {
  return { apiKey, model: OPENAI_MODEL || 'o3', baseURL: OPENAI_BASE_URL || 'https://api.openai.com/v1' }
}
