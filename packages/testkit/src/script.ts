import { type EndUpdate, type OpenUpdate, type RunOutcome, type Update } from '@rejoin/core'

type WithoutCursor<T> = T extends unknown ? Omit<T, 'cursor'> : never

/** An update as a script writes it: the cursor is the script's affair. */
export type ScriptedUpdate = WithoutCursor<Exclude<Update, OpenUpdate | EndUpdate>>

/**
 * One step of a script. A string is a piece of the answer's text. `wait` lets time pass, `Infinity` for
 * ever. `cut` and `endOfStream` happen once, to the first leg that gets there: it breaks like a lost
 * connection, or ends cleanly as if that were all.
 */
export type ScriptStep =
  | string
  | ScriptedUpdate
  | { readonly wait: number }
  | { readonly cut: true }
  | { readonly endOfStream: true }

/** An answer, written beforehand. Plain data. */
export interface Script {
  readonly steps: readonly ScriptStep[]
  /** How it ends, after the last step. @default completed */
  readonly outcome?: RunOutcome
}
