import { type RunKey } from '../registry/registry.ts'
import { close, hasRunOut, open, runsOutIn } from './box.ts'
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
      return await close(keys, [user, runId, session, handle, runsOutIn(lifeMs)])
    },
    async open(sealed, { user, runId }) {
      const [sealedUser, sealedRun, session, handle, seconds] = (await open(keys, sealed)) ?? []
      if (sealedUser !== user || sealedRun !== runId) return notFound
      if (typeof session !== 'string' || typeof handle !== 'string') return notFound
      return hasRunOut(seconds) ? { ok: false, reason: 'expired' } : { ok: true, session, handle }
    },
  }
}
