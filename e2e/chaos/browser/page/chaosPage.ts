import { type RunState } from '@rejoin/core'

/** What an engine can not be made to, and a page does to itself. Plain data: a page that loads begins with it. */
export interface Acted {
  readonly offline: boolean
  /** What its clock is ahead, in milliseconds. */
  readonly clockMs: number
  /** What every write to the store, or every use of it, meets. */
  readonly storage: 'quota' | 'denied' | null
}

/** What a page tells of itself, beside what the machine asks of it. */
export interface PageView {
  readonly state: RunState | null
  readonly questions: readonly string[]
  readonly parts: readonly { readonly type: string; readonly text: string }[]
  readonly warnings: readonly string[]
  readonly complaints: readonly string[]
}

/** `globalThis.chaos` of the page: what a driver calls there. */
export interface ChaosPage {
  /** Asks as soon as the page knows that nothing was asked here before. */
  ask(): void
  retry(): void
  stop(): void
  view(): PageView
  act(acted: Acted): void
  /** The page is hidden, then frozen: nothing runs in it until the machine lets go of it. */
  freeze(): void
  deleteDatabase(): void
}

/** Where a page waits while it is frozen, and where it tells at once what a page that is gone could not be asked. */
export const paths = { hold: '/chaos/hold', complain: '/chaos/complain', finish: '/chaos/finish' } as const
