import { type Agent } from '@rejoin/core'
import { responsesAgent, type ResponsesAgentOptions } from './responsesAgent.ts'
import { type AnyInputs } from './tools/tool.ts'

export interface OpenAIResponsesAgentOptions<Inputs extends AnyInputs = AnyInputs> extends ResponsesAgentOptions<Inputs> {
  /** The key, or a function that is asked for it before each request. Stays on the server. */
  apiKey: string | (() => string | Promise<string>) | undefined
  /** Where the API is; any server that speaks it. @default 'https://api.openai.com/v1' */
  baseURL?: string | undefined
  /** Sent with every request: `OpenAI-Organization`, … */
  headers?: HeadersInit | undefined
}

/**
 * A model behind the OpenAI Responses API. In the background the response goes on at the provider, which keeps
 * it for the token to go on with; see the guide to background mode in the OpenAI documentation.
 *
 * ```ts
 * openAIResponsesAgent({ apiKey: process.env.OPENAI_API_KEY, model: 'o3' })
 * ```
 * @throws TypeError without a key, or with a `baseURL` that is no address
 */
export function openAIResponsesAgent<Inputs extends AnyInputs>(options: OpenAIResponsesAgentOptions<Inputs>): Agent {
  const { apiKey, baseURL = 'https://api.openai.com/v1', headers: more } = options
  if (apiKey === undefined || apiKey === '') {
    throw new TypeError(
      'openAIResponsesAgent has no `apiKey`, so it can not ask the model. Give it one, for example from the environment: process.env.OPENAI_API_KEY.',
    )
  }
  if (!/^https?:\/\//.test(baseURL)) {
    throw new TypeError(
      'openAIResponsesAgent has a `baseURL` that is no address, so it can not reach the model. Give it one with its version: https://api.openai.com/v1.',
    )
  }
  const base = baseURL.replace(/\/+$/, '')
  return responsesAgent(
    {
      url: (path) => new URL(base + path),
      async headers() {
        const headers = new Headers(more)
        headers.set('authorization', `Bearer ${typeof apiKey === 'function' ? await apiKey() : apiKey}`)
        return headers
      },
    },
    options,
  )
}
