/** Agents copy addresses from what they have read, and history may hold any: one that would run a script is no link. */
export function isWebAddress(url: string): boolean {
  return /^https?:\/\//i.test(url)
}

/** Of a file also what is in the page itself, or on the page's own server. */
export function isFileAddress(url: string): boolean {
  return isWebAddress(url) || /^(data:|blob:|\/(?![/\\]))/i.test(url)
}

/** Where nothing better names it. */
export function hostOf(url: string): string {
  return (URL.canParse(url) && new URL(url).host) || url
}
