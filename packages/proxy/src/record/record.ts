import { type ChatMessage, type RunOutcome, type RunPause, type Usage } from '@rejoin/core'

/** A message for the app's own database. */
export interface RecordedMessage {
  readonly user: string | null
  readonly session: string
  readonly runId: string
  /** What the person has sent, or the whole answer; the answer's id is the run's. Of a run that came to nothing it has no parts. */
  readonly message: ChatMessage
  /** How the run has ended, or what it waits for; `null` with the person's message. */
  readonly state: RunOutcome | RunPause | null
  /** The run whose turn this one takes the place of: its messages are out of date. */
  readonly replaces: string | null
  /** What the run has used, in tokens, where the agent says. */
  readonly usage?: Usage
}

/**
 * Saves a message. It has to put it in the place of one with the same id: after a crash, or where it threw, it is called
 * again.
 */
export type RecordMessage = (recorded: RecordedMessage) => void | Promise<void>
