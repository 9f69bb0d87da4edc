import { describe, expect, it } from 'vitest'
import { openAIFrom } from '../server/openAI.ts'
import { openAIDesk } from '../server/openAIDesk.ts'

describe('the environment', () => {
  it.each([{}, { OPENAI_API_KEY: '' }, { OPENAI_MODEL: 'gpt-5', OPENAI_BASE_URL: 'nonsense' }])('names no model without a key: %o', (env) => {
    expect(openAIFrom(env)).toBe(null)
  })

  it('with a key alone means o3 at OpenAI', () => {
    const settings = openAIFrom({ OPENAI_API_KEY: 'k', OPENAI_MODEL: '', OPENAI_BASE_URL: '' })
    expect(settings).toEqual({ apiKey: 'k', model: 'o3', baseURL: 'https://api.openai.com/v1' })
  })

  it.each(['nonsense', 'localhost:8000/v1', 'file:///etc'])('with an address that is none is refused, without naming the key: %s', (url) => {
    const env = { OPENAI_API_KEY: 'sk-secret', OPENAI_BASE_URL: url }
    expect(() => openAIFrom(env)).toThrow(/^OPENAI_BASE_URL has to be the address of an API/)
  })
})

it('what the page hears of a model is its name and host, never a key (row 82)', () => {
  const { about } = openAIDesk({ apiKey: 'sk-secret', model: 'o3', baseURL: 'https://me:sk-secret@models.example/v1?key=sk-secret' })
  expect(about.agent).toBe('o3 at models.example')
  expect(JSON.stringify(about)).not.toContain('sk-secret')
})
