import { type Cursor } from '../cursor.ts'
import { type AnswerPart, type FilePart } from '../message.ts'
import { type ConnectionEvent } from '../reduce.ts'
import { type Run, type RunStart } from '../run.ts'
import { type Update } from '../update.ts'
import { type WakeReason } from './waker.ts'

/** What tabs tell each other about the runs of a session. The channel's name carries the user, the session and this version. */
export type TabMessage =
  /** The person has sent a message in this tab. */
  | { readonly type: 'run'; readonly run: string; readonly start: RunStart }
  /** The reader has received updates; they follow the cursor `after`. */
  | {
      readonly type: 'updates'
      readonly run: string
      readonly after: Cursor
      readonly updates: readonly Update[]
      readonly handle: string | null
    }
  | { readonly type: 'connection'; readonly run: string; readonly event: ConnectionEvent }
  /** A follower has missed something. */
  | { readonly type: 'sync?'; readonly run: string }
  /** All that this tab knows: an answer to that, or how it ended, where this tab has learnt that otherwise than from the stream; the reader stores it. */
  | { readonly type: 'sync'; readonly run: string; readonly state: Run; readonly handle: string | null }
  /** It has ended, and the store knows, or will not. */
  | { readonly type: 'settled'; readonly run: string }
  /** The person has stopped it in this tab. */
  | { readonly type: 'stop'; readonly run: string }
  /** The person is in this tab; the reader, which may be hidden, tries now. */
  | { readonly type: 'wake'; readonly run: string; readonly reason: WakeReason }
  /** The person has answered some of what it asks. */
  | { readonly type: 'given'; readonly run: string; readonly answers: readonly (AnswerPart | FilePart)[] }

export const tabMessageVersion = 2

/** Only this package posts to its channels, and their name carries the version: a look at the frame is enough. */
export function isTabMessage(value: unknown): value is TabMessage {
  return (
    typeof value === 'object' && value !== null && 'type' in value && 'run' in value && typeof value.run === 'string'
  )
}
