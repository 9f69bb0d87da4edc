import { signInOf } from './signIn.ts'

interface Turn {
  user?: string | null | undefined
  session: string
  runId: string
  conversation?: string | null | undefined
}

/**
 * The protocol's name for a conversation: the turns of a session share one, and those of two people never do. Where nobody
 * has said which, it is made of their names alone, so that it has to be kept nowhere. One that begins anew has a name of its own, and so
 * have those of a public page (`user` is `null`), where a session's name is anybody's.
 */
export async function contextOf({ user, session, runId, conversation }: Turn): Promise<string> {
  if (typeof conversation === 'string') return signInOf(conversation)?.task.contextId ?? conversation
  const own = conversation === null || user === null
  const names = new TextEncoder().encode(JSON.stringify(['rejoin', user ?? null, session, ...(own ? [runId] : [])]))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', names))
  const hex = Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
