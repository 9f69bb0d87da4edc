import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import type { Desk } from './desk.ts'
import type { OpenAISettings } from './openAI.ts'

/** A model behind the OpenAI API. */
export function openAIDesk({ apiKey, model, baseURL }: OpenAISettings): Desk {
  return {
    agent: openAIResponsesAgent({
      apiKey,
      model,
      baseURL,
      instructions: 'You are a helpful research assistant. Write in Markdown.',
    }),
    about: {
      title: 'Research desk',
      agent: `${model} at ${new URL(baseURL).host}`,
      session: 'research',
      placeholder: 'Ask what takes a while to think about',
      suggestions: [
        'Explain the theory of relativity',
        'Compare three ways to store energy',
        'Plan a week of learning to cook',
      ],
      // OpenAI could not fetch them from this machine.
      takesFiles: false,
    },
  }
}
