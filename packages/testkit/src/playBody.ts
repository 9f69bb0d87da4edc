import { delay, linkedAbort } from '@rejoin/core'
import { type Fault } from './fault.ts'
import { repeatEvents } from './repeatEvents.ts'

/** How a body ended for whoever read it. */
export type BodyEnd = 'complete' | 'cut' | 'ended' | 'failed' | 'aborted' | 'cancelled'

export interface PlayBodyOptions {
  faults: readonly Fault[]
  signal: AbortSignal | undefined
  onBytes?(count: number): void
  onEnd?(end: BodyEnd): void
}

/** `body` with its faults; without any, byte by byte the same. Whatever ends it cancels `body`. */
export function playBody(body: ReadableStream<Uint8Array>, options: PlayBodyOptions): ReadableStream<Uint8Array> {
  const { faults, signal, onBytes, onEnd } = options
  const { stop, sizes, chunkMs, repeat } = bodyFaults(faults)
  const reader = body.getReader()
  const repeater = repeat ? repeatEvents() : null
  // Ends waits of our own; the caller's signal has a listener of its own below.
  const life = linkedAbort(undefined)
  let pending: Uint8Array = new Uint8Array()
  let delivered = 0
  let chunks = 0
  let over = false

  function end(how: BodyEnd, reason: unknown): void {
    over = true
    signal?.removeEventListener('abort', abort)
    life.abort(new DOMException('The body is over.', 'AbortError'))
    void reader.cancel(reason).catch(() => {})
    onEnd?.(how)
  }

  let abort = (): void => {}

  /** True when the fault has ended the body. */
  async function halt(controller: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> {
    if (stop === null || stop.after === null || delivered < stop.after) return false
    if (stop.kind === 'stall') {
      await forever(life.signal)
    } else if (stop.kind === 'cut') {
      const broken = new TypeError('network error')
      end('cut', broken)
      controller.error(broken)
    } else {
      end('ended', undefined)
      controller.close()
    }
    return true
  }

  /** The next bytes, however many; null when there are no more. */
  async function more(): Promise<Uint8Array | null> {
    while (true) {
      const { done, value } = await reader.read()
      if (chunkMs > 0) await delay(chunkMs, life.signal)
      const bytes = done ? (repeater?.rest() ?? new Uint8Array()) : (repeater?.feed(value) ?? value)
      if (bytes.length > 0) return bytes
      if (done) return null
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        abort = () => {
          end('aborted', signal?.reason)
          controller.error(signal?.reason)
        }
        if (signal?.aborted) abort()
        else signal?.addEventListener('abort', abort, { once: true })
      },
      async pull(controller) {
        try {
          if (await halt(controller)) return
          if (pending.length === 0) {
            const bytes = await more()
            if (over) return
            if (bytes === null) {
              end('complete', undefined)
              return controller.close()
            }
            pending = bytes
          }
          const left = stop === null || stop.after === null ? Infinity : stop.after - delivered
          const size = Math.min(sizes[chunks % sizes.length] ?? Infinity, left, pending.length)
          controller.enqueue(size === pending.length ? pending : pending.slice(0, size))
          pending = pending.subarray(size)
          delivered += size
          chunks += 1
          onBytes?.(size)
        } catch (error) {
          if (over) return
          end('failed', error)
          controller.error(error)
        }
      },
      cancel(reason) {
        if (!over) end('cancelled', reason)
      },
    },
    { highWaterMark: 0 },
  )
}

interface BodyFaults {
  stop: Extract<Fault, { kind: 'cut' | 'end' | 'stall' }> | null
  sizes: readonly number[]
  chunkMs: number
  repeat: boolean
}

function bodyFaults(faults: readonly Fault[]): BodyFaults {
  const found: BodyFaults = { stop: null, sizes: [], chunkMs: 0, repeat: false }
  for (const fault of faults) {
    if (fault.kind === 'cut' || fault.kind === 'end' || fault.kind === 'stall') found.stop = fault
    else if (fault.kind === 'split') found.sizes = fault.sizes
    else if (fault.kind === 'slow') found.chunkMs = fault.chunkMs
    else if (fault.kind === 'repeat') found.repeat = true
  }
  return found
}

/** Resolves only when `signal` aborts. */
function forever(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
