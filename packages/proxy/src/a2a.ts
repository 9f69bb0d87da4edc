export { a2aAgent, type A2aAgentOptions } from './agents/a2a/a2aAgent.ts'
