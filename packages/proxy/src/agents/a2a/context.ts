/**
 * The protocol's name for a conversation: the turns of a session share one, and those of two people never do. Made of
 * their names alone, so that it has to be kept nowhere.
 */
export async function contextOf({ user = null, session }: { user?: string | null | undefined; session: string }): Promise<string> {
  const names = new TextEncoder().encode(JSON.stringify(['rejoin', user, session]))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', names))
  const hex = Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
