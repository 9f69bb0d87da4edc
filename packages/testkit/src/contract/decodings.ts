/** A text and whatever stands in it in the usual disguises: base64, URLs, JSON, reversed. */
export function decodings(text: string, depth = 4): Set<string> {
  const found = new Set<string>()
  look(text, depth, found)
  return found
}

function look(text: string, depth: number, found: Set<string>): void {
  if (text === '' || found.has(text)) return
  found.add(text)
  if (depth === 0) return
  const further = [...text.split(/[.~:|@]/), [...text].toReversed().join(''), fromUrl(text), fromBase64(text), ...fromJson(text)]
  for (const next of further) if (next !== null) look(next, depth - 1, found)
}

function fromUrl(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function fromBase64(text: string): string | null {
  if (!/^[\w+/=-]{4,}$/.test(text)) return null
  try {
    const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
  } catch {
    return null
  }
}

/** The strings in it. */
function fromJson(text: string): string[] {
  const strings: string[] = []
  try {
    JSON.parse(text, (_, value: unknown) => {
      if (typeof value === 'string') strings.push(value)
      return value
    })
  } catch {
    return []
  }
  return strings
}
