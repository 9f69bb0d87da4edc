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
import { type LegEnd } from '../events.ts'
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
  /** The stream has begun. */
  opened(): void
  /** It is over; called once. */
  closed(sent: Sent): void
}

/** How a stream has ended, and what has gone into it. */
interface Sent {
  readonly reason: LegEnd
  readonly updates: number
  readonly bytes: number
}

interface Chunk {
  readonly text: string
  /** Why the stream closes after it; `null` where it goes on. */
  readonly end: LegEnd | null
}

/**
 * A leg as server-sent events: one pull stream, one chunk per batch. What fails before the first batch
 * (or before `firstBatchMs`) rejects; what fails later is said in the stream.
 */
export async function eventStream(leg: Leg, options: EventStreamOptions): Promise<Response> {
  const { heartbeatMs, idleMs } = options
  let first: Turn | null = await leg.next(options.firstBatchMs)
  options.opened()
  let sealedFor: string | null = null
  let lastBatchAt = Date.now()

  async function tokenFrame(handle: string | null): Promise<string> {
    if (handle === null || handle === sealedFor) return ''
    sealedFor = handle
    return encodeToken(await options.seal(handle))
  }

  async function nextTurn(): Promise<Turn | { readonly type: 'idle' }> {
    const turn = first ?? (await leg.next(Math.min(heartbeatMs, idleMs)))
    first = null
    if (turn.type === 'batch') lastBatchAt = Date.now()
    if (turn.type === 'quiet' && Date.now() - lastBatchAt >= idleMs) return { type: 'idle' }
    return turn
  }

  /** What to send next. */
  async function nextChunk(): Promise<Chunk> {
    try {
      const turn = await nextTurn()
      if (turn.type === 'over') return { text: '', end: 'cut' }
      if (turn.type === 'idle') return { text: '', end: 'idle' }
      if (turn.type === 'quiet') return { text: (await tokenFrame(options.handle)) + heartbeat, end: null }
      const { handle, updates } = turn.batch
      updatesSent += updates.length
      let text = await tokenFrame(handle ?? options.handle)
      for (const update of updates) text += encodeUpdate(update)
      return { text, end: updates.some(isClosing) ? 'told' : null }
    } catch (error) {
      return { text: errorFrame(error), end: 'failed' }
    }
  }

  const encoder = new TextEncoder()
  let left = false
  let updatesSent = 0
  let bytesSent = 0
  const closed = (reason: LegEnd): void => options.closed({ reason, updates: updatesSent, bytes: bytesSent })
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A pull that enqueues nothing would not be asked again.
        while (true) {
          const { text, end } = await nextChunk()
          if (left) return
          if (text !== '') {
            const bytes = encoder.encode(text)
            bytesSent += bytes.length
            controller.enqueue(bytes)
          }
          if (end !== null) {
            leg.close()
            controller.close()
            closed(end)
          }
          if (text !== '' || end !== null) return
        }
      },
      cancel() {
        left = true
        leg.close()
        closed('left')
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
