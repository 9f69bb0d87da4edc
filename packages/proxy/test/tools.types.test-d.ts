import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const key = { apiKey: 'key', model: 'model' }

test('a tool is called with what its schema makes', () => {
  openAIResponsesAgent({
    ...key,
    tools: {
      weather: {
        description: 'The weather in a city',
        inputSchema: z.object({ city: z.string(), days: z.coerce.number() }),
        execute(input, context) {
          expectTypeOf(input).toEqualTypeOf<{ city: string; days: number }>()
          expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>()
          return { degrees: 20 }
        },
      },
      clock: {
        description: 'The time in a zone',
        inputSchema: z.object({ zone: z.string() }),
        idempotent: true,
        execute: async ({ zone }) => {
          expectTypeOf(zone).toEqualTypeOf<string>()
          return `noon in ${zone}`
        },
      },
      plain: {
        description: 'Whatever',
        inputSchema: { type: 'object', properties: { a: { type: 'number' } } },
        execute(input) {
          expectTypeOf(input).toEqualTypeOf<unknown>()
          return null
        },
      },
    },
  })
})

test('a tool without a schema is refused', () => {
  expectTypeOf(openAIResponsesAgent).toBeCallableWith({ ...key, tools: {} })
  openAIResponsesAgent({
    ...key,
    // @ts-expect-error -- the model could not be told what to give
    tools: { weather: { description: 'The weather', execute: () => 1 } },
  })
})
