import { base64url, compactDecrypt, CompactEncrypt } from 'jose'
import { type KeyRing } from './keyRing.ts'

/** JSON that nobody but the holder of the keys can read or make. */
export async function close(keys: KeyRing, content: readonly unknown[]): Promise<string> {
  return await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(await keys.sealing())
}

/** What `close` was given; `null` where it was not closed with one of these keys. */
export async function open(keys: KeyRing, closed: string): Promise<readonly unknown[] | null> {
  for (const key of await keys.all()) {
    const content = await decrypt(closed, key)
    if (content !== null) return content
  }
  return null
}

async function decrypt(closed: string, key: CryptoKey): Promise<readonly unknown[] | null> {
  try {
    if (!isSpeltAsSealed(closed)) return null
    const { plaintext } = await compactDecrypt(closed, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    const content: unknown = JSON.parse(new TextDecoder().decode(plaintext))
    return Array.isArray(content) ? content : null
  } catch {
    return null
  }
}

/** The last bits of base64 may say nothing: without this, the same bytes would open in other spellings, too. */
function isSpeltAsSealed(closed: string): boolean {
  return closed.split('.').every((section) => base64url.encode(base64url.decode(section)) === section)
}

/** The last moment of ten digits, in the year 2286. */
const maxSeconds = 9_999_999_999

/** When what is sealed now runs out, in whole seconds. They have ten digits, however far off that is: JSON knows no `Infinity`. */
export function runsOutIn(lifeMs: number): number {
  return Math.min(Math.ceil((Date.now() + lifeMs) / 1000), maxSeconds)
}

/** Whether a time of `runsOutIn` has passed. */
export function hasRunOut(seconds: unknown): boolean {
  return typeof seconds !== 'number' || seconds * 1000 <= Date.now()
}
