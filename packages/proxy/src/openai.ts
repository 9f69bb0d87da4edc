export { openAIResponsesAgent, type OpenAIResponsesAgentOptions } from './agents/openai/openAIResponsesAgent.ts'
export { type ResponsesAgentOptions } from './agents/openai/responsesAgent.ts'
export { type JsonSchema, type Schema, type StandardSchema } from './agents/openai/schema.ts'
export { type OutputOptions } from './agents/openai/structuredOutput.ts'
