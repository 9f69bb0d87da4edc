import { isObject } from '../isObject.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** `null` for what is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export function stringIn(value: unknown, name: string): string | null {
  if (!isObject(value)) return null
  const found = value[name]
  return typeof found === 'string' ? found : null
}

export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
