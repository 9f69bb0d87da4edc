import { linkedAbort } from '@rejoin/core'
import { type Frames } from './run.ts'

/** How a stream ended: `left` is a reader that went away. */
export type StreamEnd = 'complete' | 'cut' | 'left'

export interface EventStreamOptions {
  signal: AbortSignal
  onSent(numbers: readonly number[]): void
  onEnd(end: StreamEnd): void
}

/** A body that asks for the next frames only when somebody reads. */
export function eventStream(
  open: (signal: AbortSignal) => AsyncGenerator<Frames>,
  { signal, onSent, onEnd }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const life = linkedAbort(signal)
  const frames = open(life.signal)
  let over = false

  function end(how: StreamEnd): void {
    if (over) return
    over = true
    life.signal.removeEventListener('abort', leave)
    life.release()
    onEnd(how)
  }

  function leave(): void {
    end('left')
  }

  life.signal.addEventListener('abort', leave, { once: true })
  if (life.signal.aborted) leave()

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await frames.next()
          if (done) {
            end('complete')
            controller.close()
          } else {
            onSent(value.numbers)
            controller.enqueue(encoder.encode(value.text))
          }
        } catch (error) {
          end('cut')
          controller.error(error)
        }
      },
      cancel() {
        life.abort(new DOMException('The reader has left.', 'AbortError'))
      },
    },
    { highWaterMark: 0 },
  )
}
