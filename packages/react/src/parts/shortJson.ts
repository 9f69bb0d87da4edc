import { afterCharacter } from './plainBlock.tsx'

/** So much of a tool's input or output is shown, in characters: a page of text, where a tool may give megabytes. */
export const maxShownJson: number = 2_000

/** A value as JSON, and its beginning only where it is long. */
export function shortJson(value: unknown): string {
  // There is no JSON for `undefined`, whatever the types say.
  const json: string | undefined = JSON.stringify(value)
  if (json === undefined || json.length <= maxShownJson) return json ?? ''
  return `${json.slice(0, afterCharacter(json, maxShownJson))}… (${json.length.toLocaleString()} characters in all)`
}
