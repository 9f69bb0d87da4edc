export type BodyResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: 'too_large' | 'invalid_request' }

/**
 * A JSON body of no more than `maxBytes`, counted as they come: a length that a client states proves nothing.
 * Asking for the JSON content type keeps other sites' forms out, which need no leave to send anything else.
 */
export async function readJson(request: Request, maxBytes: number): Promise<BodyResult> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type) || request.body === null) return { ok: false, code: 'invalid_request' }
  const reader = request.body.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  let text = ''
  try {
    while (true) {
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.byteLength
      if (bytes > maxBytes) {
        void reader.cancel().catch(() => {})
        return { ok: false, code: 'too_large' }
      }
      text += decoder.decode(value, { stream: true })
    }
    return { ok: true, value: JSON.parse(text + decoder.decode()) }
  } catch {
    return { ok: false, code: 'invalid_request' }
  }
}
