import { type Agent } from '@rejoin/core'
import { responsesAgent, type ResponsesAgentOptions } from './responsesAgent.ts'
import { type AnyInputs } from './tools/tool.ts'

export interface AzureOpenAIAgentOptions<Inputs extends AnyInputs = AnyInputs> extends ResponsesAgentOptions<Inputs> {
  /** The resource: `https://NAME.openai.azure.com`, with or without `/openai/v1` behind it. */
  endpoint: string
  /** The resource's key. This or `token`. */
  apiKey?: string | undefined
  /** An Entra token, asked for before each request: `getBearerTokenProvider(…)` of `@azure/identity`. */
  token?: (() => string | Promise<string>) | undefined
  /** A dated version of the API, such as `2025-04-01-preview`. @default the v1 API, which has none */
  apiVersion?: string | undefined
}

/**
 * A model behind Azure's Responses API: the v1 address with a bearer token, or a dated one with
 * `?api-version=`. Neither has `/deployments/` in it: the deployment is the `model` of the request.
 * @throws TypeError without an endpoint, or without exactly one of key and token
 */
export function azureOpenAIAgent<Inputs extends AnyInputs>(options: AzureOpenAIAgentOptions<Inputs>): Agent {
  const { endpoint, apiKey, token, apiVersion } = options
  if (!/^https?:\/\//.test(endpoint)) {
    throw new TypeError(
      'azureOpenAIAgent has no `endpoint` that is an address, so it can not reach the model. Give it the one of your resource: https://NAME.openai.azure.com.',
    )
  }
  if (Boolean(apiKey) === (token !== undefined)) {
    throw new TypeError(
      'azureOpenAIAgent needs exactly one of `apiKey` and `token`, so that it is clear as whom it asks. Give it the key of your resource, or a function that gives an Entra token.',
    )
  }
  const resource = endpoint.replace(/\/+$/, '').replace(/\/openai(\/v1)?$/, '')
  return responsesAgent(
    {
      url(path) {
        if (apiVersion === undefined) return new URL(`${resource}/openai/v1${path}`)
        const url = new URL(`${resource}/openai${path}`)
        url.searchParams.set('api-version', apiVersion)
        return url
      },
      async headers() {
        // The dated API takes a key by a header of its own.
        if (apiVersion !== undefined && apiKey) return new Headers({ 'api-key': apiKey })
        return new Headers({ authorization: `Bearer ${token ? await token() : apiKey}` })
      },
    },
    options,
  )
}
