/**
 * Whose server it is like.
 *
 * - `openai`: api.openai.com.
 * - `azure`: a cancel is answered, and the response completes all the same.
 * - `inclusive`: sends the event at the cursor again, jumps before the last number, answers 202 while a
 *   response runs, ends a cancelled stream with `response.cancelled`, and streams nothing, with 200,
 *   for ids it doesn't know.
 * - `replay`: sends everything again, whatever the cursor.
 * - `hangs`: streams of failed and incomplete responses stay open and never say so.
 * - `foreground`: knows no background, so there is nothing to resume and leaving is stopping.
 * - `foundry`: ends a cancelled stream with `response.failed`, whose response has the status `cancelled`.
 */
export type ResponsesProfile = 'openai' | 'azure' | 'inclusive' | 'replay' | 'hangs' | 'foreground' | 'foundry'

/** What sets one server apart from another. */
export interface Traits {
  background: boolean
  cursor: 'exclusive' | 'inclusive' | 'ignored'
  /** The HTTP status of an answer about a response that runs. */
  runningStatus: 200 | 202
  /** Numbers left out before the last event. */
  lastGap: number
  /** What a cancel does beside being answered: the event that ends the streams, or no event. */
  cancel: 'nothing' | 'stops' | 'response.cancelled' | 'response.failed'
  /** What a stream of an unknown id is. */
  unknownStream: 'error' | 'empty'
  /** Whether the last event of a failed or incomplete response is never sent. */
  hangs: boolean
}

const openai: Traits = {
  background: true,
  cursor: 'exclusive',
  runningStatus: 200,
  lastGap: 0,
  cancel: 'stops',
  unknownStream: 'error',
  hangs: false,
}

export const traitsOf: Record<ResponsesProfile, Traits> = {
  openai,
  azure: { ...openai, cancel: 'nothing' },
  inclusive: {
    ...openai,
    cursor: 'inclusive',
    runningStatus: 202,
    lastGap: 4,
    cancel: 'response.cancelled',
    unknownStream: 'empty',
  },
  replay: { ...openai, cursor: 'ignored' },
  hangs: { ...openai, hangs: true },
  foreground: { ...openai, background: false },
  foundry: { ...openai, cancel: 'response.failed' },
}
