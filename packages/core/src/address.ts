/** Agents copy addresses from what they have read, and history may hold any: one that would run a script is no link. */
export function isWebAddress(url: string): boolean {
  return /^https?:\/\//i.test(url)
}

/** One that a server answers for: of the web, or a path on the page's own origin. */
export function isServedAddress(url: string): boolean {
  return isWebAddress(url) || /^\/(?![/\\])/.test(url)
}

/** Of a file also what is in the page itself. */
export function isFileAddress(url: string): boolean {
  return isServedAddress(url) || /^(data:|blob:)/i.test(url)
}
