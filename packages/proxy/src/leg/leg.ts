import { isClosing, type UpdateBatch } from '@rejoin/core'
import { patient } from '../patient.ts'

export type Turn =
  | { readonly type: 'batch'; readonly batch: UpdateBatch }
  /** Nothing has come in time. */
  | { readonly type: 'quiet' }
  | { readonly type: 'over' }

/** One connection of a run, on the agent's side. */
export interface Leg {
  /** What comes within `ms` milliseconds. Rejects with what the agent threw. */
  next(ms: number): Promise<Turn>
  /** The client is done with it, or gone. The run goes on. */
  close(): void
}

export interface LegOptions {
  /** @param signal aborts when the leg is over */
  batches(signal: AbortSignal): AsyncIterable<UpdateBatch>
  /**
   * Whether this leg starts its run. Until the agent has named the run nobody else can go on with it, so
   * such a leg is read on when its client has gone, up to the name.
   */
  starts: boolean
  /** Called at once, where the leg starts a run: runtimes take no task any more when its client has gone. */
  waitUntil(task: Promise<unknown>): void
}

export function createLeg({ batches, starts, waitUntil }: LegOptions): Leg {
  const controller = new AbortController()
  const source = batches(controller.signal)[Symbol.asyncIterator]()
  const turns = patient(source)
  let named = false
  let over = false
  let closed = false
  let settled = (): void => {}
  if (starts) waitUntil(new Promise<void>((resolve) => (settled = resolve)))

  async function take(ms?: number): Promise<Turn> {
    if (over) return { type: 'over' }
    try {
      const result = await turns.next(ms)
      if (result === null) return { type: 'quiet' }
      if (result.done) {
        over = true
        return { type: 'over' }
      }
      const { handle, updates } = result.value
      named ||= handle !== null
      over = updates.some(isClosing)
      if (named) settled()
      return { type: 'batch', batch: result.value }
    } catch (error) {
      settled()
      throw error
    }
  }

  async function readUntilNamed(): Promise<void> {
    try {
      while (!named && !over) await take()
    } catch {
      // The source has noted what the start came to; here is nobody to tell.
    } finally {
      finish()
    }
  }

  function finish(): void {
    over = true
    settled()
    controller.abort(new DOMException('The leg is over.', 'AbortError'))
    // Not awaited: a generator that hangs in a read settles its return only after that read.
    void source.return?.()?.catch(() => {})
  }

  return {
    next: take,
    close() {
      if (closed) return
      closed = true
      if (starts && !named && !over) void readUntilNamed()
      else finish()
      turns.wake()
    },
  }
}
