import {
  encodeError,
  encodeToken,
  encodeUpdate,
  header,
  heartbeat,
  isClosing,
  isRejoinError,
  protocolVersion,
} from '@rejoin/core'
import { type Leg, type Turn } from '../leg/leg.ts'

const headers = {
  [header.version]: protocolVersion,
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx and its like collect what they pass on, unless told not to.
  'x-accel-buffering': 'no',
}

export interface EventStreamOptions {
  /** The sealed part of the tokens for an agent's handle. */
  seal(handle: string): Promise<string>
  /** The handle, where it is known before the agent says it. */
  handle: string | null
  /** Milliseconds; see `AgentProxyOptions` for these three. */
  heartbeatMs: number
  firstBatchMs: number
  idleMs: number
}

/**
 * A leg as server-sent events: one pull stream, one chunk per batch. What fails before the first batch
 * (or before `firstBatchMs`) rejects; what fails later is said in the stream.
 */
export async function eventStream(leg: Leg, options: EventStreamOptions): Promise<Response> {
  const { heartbeatMs, idleMs } = options
  let first: Turn | null = await leg.next(options.firstBatchMs)
  let sealedFor: string | null = null
  let lastBatchAt = Date.now()

  async function tokenFrame(handle: string | null): Promise<string> {
    if (handle === null || handle === sealedFor) return ''
    sealedFor = handle
    return encodeToken(await options.seal(handle))
  }

  async function nextTurn(): Promise<Turn> {
    const turn = first ?? (await leg.next(Math.min(heartbeatMs, idleMs)))
    first = null
    if (turn.type === 'batch') lastBatchAt = Date.now()
    if (turn.type === 'quiet' && Date.now() - lastBatchAt >= idleMs) return { type: 'over' }
    return turn
  }

  /** What to send next; `last` when the stream closes after it. */
  async function nextChunk(): Promise<{ text: string; last: boolean }> {
    try {
      const turn = await nextTurn()
      if (turn.type === 'over') return { text: '', last: true }
      if (turn.type === 'quiet') return { text: (await tokenFrame(options.handle)) + heartbeat, last: false }
      const { handle, updates } = turn.batch
      let text = await tokenFrame(handle ?? options.handle)
      for (const update of updates) text += encodeUpdate(update)
      return { text, last: updates.some(isClosing) }
    } catch (error) {
      return { text: errorFrame(error), last: true }
    }
  }

  const encoder = new TextEncoder()
  let left = false
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A pull that enqueues nothing would not be asked again.
        while (true) {
          const { text, last } = await nextChunk()
          if (left) return
          if (text !== '') controller.enqueue(encoder.encode(text))
          if (last) {
            leg.close()
            controller.close()
          }
          if (text !== '' || last) return
        }
      },
      cancel() {
        left = true
        leg.close()
      },
    },
    // Nothing is read ahead: a slow client's backlog stays where the agent keeps it.
    { highWaterMark: 0 },
  )
  return new Response(body, { headers })
}

function errorFrame(error: unknown): string {
  return isRejoinError(error) ? encodeError(error.code, error.retryAfterMs) : encodeError('internal')
}
