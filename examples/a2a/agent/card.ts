import { A2A_PROTOCOL_VERSION, type AgentCard } from '@a2a-js/sdk'

/** What the agent says of itself to whoever asks. */
export function cardAt(url: string): AgentCard {
  return {
    name: 'Trainer',
    description: 'Writes training plans for runners.',
    version: '1.0.0',
    supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: A2A_PROTOCOL_VERSION, tenant: '' }],
    capabilities: { streaming: true, pushNotifications: false, extensions: [], extendedAgentCard: false },
    provider: undefined,
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/markdown', 'text/csv'],
    skills: [
      {
        id: 'plan',
        name: 'Training plan',
        description: 'Three runs a week, for a distance and a number of weeks.',
        tags: ['running'],
        examples: ['Train me for 10 km in 8 weeks'],
        inputModes: ['text/plain'],
        outputModes: ['text/markdown', 'text/csv'],
        securityRequirements: [],
      },
    ],
    signatures: [],
  }
}
