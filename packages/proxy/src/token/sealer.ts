import { compactDecrypt, CompactEncrypt } from 'jose'
import { type RunKey } from '../registry/registry.ts'
import { type KeyRing } from './keyRing.ts'

/** What a token holds, for nobody but the proxy to read: never text of a run. */
interface SealedRun extends RunKey {
  readonly session: string
  /** The agent's own name for the run. */
  readonly handle: string
}

type OpenedToken =
  | { readonly ok: true; readonly session: string; readonly handle: string }
  /** `expired` only for what was sealed for this very caller and run. */
  | { readonly ok: false; readonly reason: 'expired' | 'not_found' }

export interface Sealer {
  /** The sealed part of a run's tokens. Its length depends on the run alone. */
  seal(run: SealedRun): Promise<string>
  open(sealed: string, key: RunKey): Promise<OpenedToken>
}

const notFound: OpenedToken = { ok: false, reason: 'not_found' }

/** @param lifeMs how long a token can be used after it was sealed */
export function createSealer(keys: KeyRing, lifeMs: number): Sealer {
  return {
    async seal({ user, runId, session, handle }) {
      // Whole seconds have ten digits until the year 2286.
      const content = JSON.stringify([user, runId, session, handle, Math.ceil((Date.now() + lifeMs) / 1000)])
      return await new CompactEncrypt(new TextEncoder().encode(content))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(await keys.sealing())
    },
    async open(sealed, { user, runId }) {
      for (const key of await keys.all()) {
        const content = await decrypt(sealed, key)
        if (content === null) continue
        if (content.user !== user || content.runId !== runId) return notFound
        if (content.expiresAt <= Date.now()) return { ok: false, reason: 'expired' }
        return { ok: true, session: content.session, handle: content.handle }
      }
      return notFound
    },
  }
}

async function decrypt(sealed: string, key: CryptoKey): Promise<(SealedRun & { expiresAt: number }) | null> {
  try {
    const { plaintext } = await compactDecrypt(sealed, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    const [user, runId, session, handle, seconds] = JSON.parse(new TextDecoder().decode(plaintext))
    return { user, runId, session, handle, expiresAt: seconds * 1000 }
  } catch {
    return null
  }
}
