/** A piece of content, as an A2A part carries it. A string is text. */
export type A2aPart =
  | string
  | { readonly type: 'file'; readonly mediaType: string; readonly url: string; readonly filename?: string }
  /** Base64. */
  | { readonly type: 'bytes'; readonly mediaType: string; readonly base64: string; readonly filename?: string }
  | { readonly type: 'data'; readonly data: unknown }

/** One thing a task does. */
export type A2aStep =
  /** A piece of an artifact: added to it, or in its place where `append` is `false`. */
  | { readonly type: 'artifact'; readonly id: string; readonly name?: string; readonly parts: readonly A2aPart[]; readonly append?: boolean }
  /** Says what it is doing. */
  | { readonly type: 'status'; readonly text: string }
  /** Lets time pass, in milliseconds, or until something has happened. */
  | {
      readonly type: 'wait'
      /** What the function gives is waited for. */
      readonly until: number | (() => Promise<void>)
    }
  /** Its streams close while it goes on. */
  | { readonly type: 'close' }
  /** Asks the person, waits for a message to the same task, and goes on. */
  | {
      readonly type: 'ask'
      readonly state: 'input_required' | 'auth_required'
      readonly parts: readonly A2aPart[]
      /** It goes on without a message as well, once what this gives has come: the person has signed in elsewhere, say. */
      readonly until?: () => Promise<void>
    }

/** How a task ends. */
export type A2aOutcome =
  | { readonly type: 'completed' | 'rejected' | 'input_required' | 'auth_required'; readonly text?: string }
  /** `text` is what the agent says, `error` what its code throws: the SDK makes a status message of that too. */
  | { readonly type: 'failed'; readonly text?: string; readonly error?: string }
  /** It never ends by itself. */
  | { readonly type: 'hangs' }

/** A task, written beforehand. */
export interface A2aTaskScript {
  readonly steps: readonly A2aStep[]
  /** @default completed */
  readonly outcome?: A2aOutcome
}

/** What becomes of a message: a task, or an answer at once without one. */
export type A2aScript = A2aTaskScript | { readonly message: readonly A2aPart[] }
