import { type EndUpdate, type OpenUpdate, type PauseUpdate, type RequestPart, type RunOutcome, type Update } from '@rejoin/core'

type WithoutCursor<T> = T extends unknown ? Omit<T, 'cursor'> : never

/** An update as a script writes it: the cursor is the script's affair. */
export type ScriptedUpdate = WithoutCursor<Exclude<Update, OpenUpdate | EndUpdate | PauseUpdate>>

/**
 * One step of a script. A string is a piece of the answer's text. `wait` lets time pass, `Infinity` for
 * ever. `cut` and `endOfStream` happen once, to the first leg that gets there: it breaks like a lost
 * connection, or ends cleanly as if that were all. `ask` asks the person
 * something, several in a row together: the run waits, and the one that answers it begins behind them.
 */
export type ScriptStep =
  | string
  | ScriptedUpdate
  | { readonly wait: number }
  | { readonly cut: true }
  | { readonly endOfStream: true }
  | { readonly ask: RequestPart }

/** An answer, written beforehand. Plain data. */
export interface Script {
  readonly steps: readonly ScriptStep[]
  /** How it ends, after the last step. @default completed */
  readonly outcome?: RunOutcome
}

/** What of a script an answer goes on with; `null` where it asks none of that. */
export function scriptAfter(script: Script, requests: readonly string[]): Script | null {
  const at = script.steps.findLastIndex((step) => typeof step === 'object' && 'ask' in step && requests.includes(step.ask.id))
  return at === -1 ? null : { ...script, steps: script.steps.slice(at + 1) }
}
