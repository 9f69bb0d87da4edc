/** Of the six connections that a browser has for each host over HTTP/1.1: the others are for whatever else the page wants. */
const overHttp1 = 3

/**
 * How many streams one browser may have open to a proxy at once. Over HTTP/2 and 3, where they share a connection, and outside of a page there
 * is no limit. The browser tells how it has spoken to an origin; not of another one that hides it (`timing-allow-origin`).
 * @param url where the proxy is
 */
export function maxStreams(url: string): number {
  const base = globalThis.document?.baseURI
  if (base === undefined) return Infinity
  const origin = URL.canParse(url, base) ? new URL(url, base).origin : null
  let spoken: unknown = ''
  // jsdom's has none.
  const times: Partial<Performance> = performance
  for (const entry of times.getEntries?.() ?? []) {
    if ('nextHopProtocol' in entry && entry.nextHopProtocol && entry.name.startsWith(`${origin}/`)) spoken = entry.nextHopProtocol
  }
  return spoken === 'h2' || spoken === 'h3' ? Infinity : overHttp1
}
