import { type AgentCard } from '@a2a-js/sdk'

/** What a server says of its agent. */
export function cardOf(url: string, streaming: boolean): AgentCard {
  return {
    name: 'An agent that plays scripts',
    description: 'For tests.',
    version: '1.0.0',
    supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' }],
    capabilities: { streaming, pushNotifications: false, extensions: [], extendedAgentCard: false },
    provider: undefined,
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [],
    signatures: [],
  }
}
