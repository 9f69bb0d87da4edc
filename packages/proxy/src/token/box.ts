import { compactDecrypt, CompactEncrypt } from 'jose'
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

/** When what is sealed now runs out: in whole seconds, which have ten digits until the year 2286. */
export function runsOutIn(lifeMs: number): number {
  return Math.ceil((Date.now() + lifeMs) / 1000)
}

/** Whether a time of `runsOutIn` has passed. */
export function hasRunOut(seconds: unknown): boolean {
  return typeof seconds !== 'number' || seconds * 1000 <= Date.now()
}
