// What an app writes on the server, in a runtime that need not be Node: compiled without its types.
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { a2aAgent } from '@rejoin/proxy/a2a'
import { azureOpenAIAgent } from '@rejoin/proxy/azure'
import { openAIResponsesAgent, type StandardSchema } from '@rejoin/proxy/openai'
import { traced } from '@rejoin/proxy/telemetry'

declare const env: { readonly KEY: string; readonly SECRET: string | undefined; readonly ENDPOINT: string }
declare const order: StandardSchema<{ number: string }>

const generator = backgroundAgent(async function* ({ messages, signal }) {
  yield { type: 'progress', step: { id: 'read', label: `${messages.length}`, state: 'active' } }
  if (!signal.aborted) yield 'Because it is there.'
})

const model = openAIResponsesAgent({
  apiKey: env.KEY,
  model: 'o3',
  tools: {
    findOrder: {
      description: 'An order by its number',
      inputSchema: order,
      execute: async ({ number }, { user }) => `${number.toUpperCase()} of ${user}`,
      idempotent: true,
    },
  },
})

const azure = azureOpenAIAgent({ endpoint: env.ENDPOINT, apiKey: env.KEY, model: 'o3' })

const reports = a2aAgent({ url: env.ENDPOINT, headers: async () => ({ authorization: env.KEY }) })

const watched = traced(model, { name: 'Orders', provider: 'openai', model: 'o3', attributes: { 'server.address': env.ENDPOINT } })

export const handlers = [generator, watched, azure, reports].map((agent) =>
  createAgentProxy({ agent, secret: env.SECRET, authorize: async (request) => ({ user: request.headers.get('x-user') }) }),
)
