import { maxConversationLength } from '../startRequest.ts'
import { close, hasRunOut, open, runsOutIn } from './box.ts'
import { type KeyRing } from './keyRing.ts'

/** Whose conversation it is. */
interface ConversationOwner {
  readonly user: string | null
  readonly session: string
}

/** What the next turn goes on from, as the page may keep it. */
export interface ConversationSealer {
  /** `undefined` where there is none, and where it would be longer than a start may carry back. */
  seal(owner: ConversationOwner, conversation: string | undefined): Promise<string | undefined>
  /** `null` for one of another caller or session, one that has run out, and what is none. */
  open(sealed: string, owner: ConversationOwner): Promise<string | null>
}

/**
 * @param keys of this purpose alone, so that a continuation token does not open
 * @param lifeMs how long a conversation can be gone on with after its last turn
 */
export function createConversationSealer(keys: KeyRing, lifeMs: number): ConversationSealer {
  return {
    async seal({ user, session }, conversation) {
      if (conversation === undefined) return undefined
      const sealed = await close(keys, [user, session, conversation, runsOutIn(lifeMs)])
      return sealed.length > maxConversationLength ? undefined : sealed
    },
    async open(sealed, { user, session }) {
      const [sealedUser, sealedSession, conversation, seconds] = (await open(keys, sealed)) ?? []
      if (sealedUser !== user || sealedSession !== session || hasRunOut(seconds)) return null
      return typeof conversation === 'string' ? conversation : null
    },
  }
}
