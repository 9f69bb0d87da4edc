/** Which model to ask, and where. */
export interface OpenAISettings {
  readonly apiKey: string
  readonly model: string
  readonly baseURL: string
}

/**
 * What the environment says about OpenAI; `null` without a key.
 * @throws RangeError for an address that is none
 */
export function openAIFrom({ OPENAI_API_KEY, OPENAI_MODEL, OPENAI_BASE_URL }: NodeJS.ProcessEnv): OpenAISettings | null {
  if (!OPENAI_API_KEY) return null
  const baseURL = OPENAI_BASE_URL || 'https://api.openai.com/v1'
  if (!/^https?:/i.test(baseURL) || !URL.canParse(baseURL)) {
    throw new RangeError('OPENAI_BASE_URL has to be the address of an API, as https://api.openai.com/v1 is.')
  }
  return { apiKey: OPENAI_API_KEY, model: OPENAI_MODEL || 'o3', baseURL }
}
