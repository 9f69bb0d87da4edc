import { type Agent } from '@rejoin/core'
import { openAIResponsesAgent, type OpenAIResponsesAgentOptions } from '@rejoin/proxy/openai'
import {
  handlerFetch,
  responsesEmulator,
  type Fetch,
  type ResponsesEmulator,
  type ResponsesEmulatorOptions,
} from '@rejoin/testkit'

export const apiKey = 'sk-provider-key-that-nobody-may-see'
const baseURL = 'http://provider.test/v1'

/** A request as the agent sent it. */
export interface ProviderCall {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** Parsed; `null` where there is none. */
  readonly body: unknown
}

/** Somebody's Responses API, and who asks it. */
export interface Provider {
  readonly emulator: ResponsesEmulator
  readonly calls: readonly ProviderCall[]
  readonly fetch: Fetch
  /** Another one each time: nothing that one of them remembers is known to the next. */
  agent(options?: Partial<OpenAIResponsesAgentOptions>): Agent
}

/** @param wrap stands between the agent and the API */
export function createProvider(options: ResponsesEmulatorOptions, wrap: (fetch: Fetch) => Fetch = (fetch) => fetch): Provider {
  const emulator = responsesEmulator({ apiKey, ...options })
  return { emulator, ...asked(wrap(handlerFetch(emulator.handler))) }
}

/** An API that is not the emulator's. */
export function createOddProvider(handler: (request: Request) => Response | Promise<Response>): Omit<Provider, 'emulator'> {
  return asked(handlerFetch(handler))
}

function asked(send: Fetch): Omit<Provider, 'emulator'> {
  const calls: ProviderCall[] = []
  const fetch: Fetch = async (url, init = {}) => {
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : null
    calls.push({ method: init.method ?? 'GET', url, headers: new Headers(init.headers), body })
    return await send(url, init)
  }
  return {
    calls,
    fetch,
    agent: (more = {}) => openAIResponsesAgent({ apiKey, baseURL, model: 'gpt-test', fetch, ...more }),
  }
}
