import { linkedAbort, type LinkedAbort } from '../async.ts'
import { hasEnded, isAsking, restoringState, type ReconnectReason, type RunState } from '../run.ts'
import { type UpdateBatch } from '../stream.ts'
import { type RunPause } from '../update.ts'
import { backoff, jittered, type BackoffOptions } from './backoff.ts'
import { classify } from './classify.ts'
import { isHidden } from './isHidden.ts'
import { isStarting, pollOnce, streamLeg, type LegOptions, type ReadableRun } from './leg.ts'
import { type Network } from './network.ts'
import { pollDelay, type PollOptions } from './pollDelay.ts'
import { type LetGo, type Streams } from './streams.ts'

/** How a run is followed: `stream` as it is written, `poll` by asking how far it is, for its answer at its end. */
export type RunMode = 'stream' | 'poll'

export interface ReadOptions extends LegOptions {
  mode(): RunMode
  streams: Streams
  network: Network
  backoff?: BackoffOptions | undefined
  poll?: PollOptions | undefined
}

/** After so many tries in a row an end counts of which polls still know nothing. About ten seconds. */
const patience = 6

/** Polls that the same event brings forward are spread over this time. Milliseconds. */
const spreadMs = 300

/**
 * Reads a run to its end, leg after leg, until a terminal update has come or `signal` aborts. A stream
 * that ends cleanly without one is resumed; where a leg brought nothing at all, the run is polled first.
 * It is polled as well for as long as there is no place for its stream. While there is no network it waits for that.
 */
export async function readRun(live: ReadableRun, options: ReadOptions, signal: AbortSignal): Promise<void> {
  const { waker, streams, network } = options
  /** For the next stream. */
  let place: LetGo | null = null
  /** There was none when it was asked for. */
  let full = false
  /** For as long as it queues for one. */
  let queue: LinkedAbort | null = null
  /** An event has woken it, and perhaps others with it. So does the page that restores it. */
  let hurried = options.mode() === 'stream' && !isStarting(live)
  let attempt = 0
  let polls = 0
  /** The next leg is to be a poll, whatever the mode. */
  let poll = false

  const over = (): boolean => signal.aborted || hasEnded(live.run())

  async function retry(reason: ReconnectReason, floorMs: number): Promise<void> {
    attempt += 1
    // It is the network that is waited for, then.
    if (network.isOffline() && floorMs === 0) return
    const waitMs = backoff(attempt, floorMs, isHidden(), options.backoff)
    live.connection({ type: 'connection', state: { type: 'reconnecting', reason, attempt, retryAt: Date.now() + waitMs } })
    hurried = await waker.sleep(waitMs, signal, floorMs)
    if (!over()) live.connection({ type: 'connection', state: { type: 'reconnecting', reason, attempt, retryAt: null } })
  }

  /** Whether it had to be waited for. */
  async function online(): Promise<boolean> {
    const waitedFor = await waker.online(signal, () => {
      letGo()
      if (!isAsking(live.run().state)) live.connection({ type: 'connection', state: { type: 'reconnecting', reason: 'offline', attempt, retryAt: null } })
    })
    if (waitedFor === null) return false
    if (over()) return true
    hurried = waitedFor === 'network'
    if (isAsking(live.run().state)) return true
    const wanted: RunState = { type: 'reconnecting', reason: 'network', attempt: Math.max(attempt, 1), retryAt: null }
    const back = isStarting(live) ? { type: 'starting' as const } : restoringState
    live.connection({ type: 'connection', state: waitedFor === 'person' ? wanted : back })
    return true
  }

  /** Waits until the next poll is due, or there is a place for a stream. */
  async function untilPoll(floorMs: number): Promise<void> {
    if (full) enqueue()
    if (place === null) hurried = await waker.sleep(jittered(pollDelay(polls, 0, options.poll), floorMs, options.backoff), signal, floorMs)
  }

  /** It keeps its turn over polls: whoever has waited longest is next. */
  function enqueue(): void {
    if (queue !== null || place !== null) return
    queue = linkedAbort(signal)
    streams.wait(queue.signal, (next) => {
      occupy(next)
      waker.wake('place')
    })
  }

  function leaveQueue(): void {
    queue?.abort(new DOMException('It waits for no place.', 'AbortError'))
    queue?.release()
    queue = null
  }

  /** Whether it has come to its turn, or one was free: it has one place, the first. */
  function occupy(next: LetGo): void {
    if (place !== null) return next()
    place = next
    leaveQueue()
  }

  function letGo(): void {
    leaveQueue()
    full = false
    place?.()
    place = null
  }

  async function takePlace(): Promise<void> {
    if (place !== null) return
    const taken = await streams.take()
    if (taken !== null) occupy(taken)
    full = place === null
  }

  /** Asks for the whole answer; where there is no more to be had, the end counts as it came. */
  async function settled(end: UpdateBatch): Promise<boolean> {
    await online()
    const asked = live.handle() === null ? { type: 'closed' as const } : await pollOnce(live, options, signal)
    if (over() || isAsking(live.run().state)) return true
    if (asked.type === 'woken') return await settled(end)
    // It says of an ended run that it goes on: not everything over there has heard of the end yet.
    if (asked.type === 'running' && attempt < patience) return false
    const lost = asked.type === 'error' && classify(asked.error, false).type === 'end'
    if (asked.type === 'error' && !lost) return false
    live.receive(end)
    return true
  }

  /**
   * The answer is a run of its own, so here is nothing to do but to find out what was done elsewhere: answered on another
   * device, seen to by a sign-in.
   */
  async function waitForPerson({ reason }: RunPause, times: number): Promise<void> {
    if (reason === 'auth') await waker.sleep(pollDelay(times, 0, options.poll), signal)
    else await waker.pause(signal)
    await online()
    // What goes wrong changes nothing: the question stands.
    if (!over() && !isStarting(live)) await pollOnce(live, options, signal)
  }

  let waits = 0
  try {
    while (!over()) {
      if (!isAsking(live.run().state)) {
        await online()
        if (options.mode() === 'stream' && !poll) {
          await takePlace()
          // The browser was asked for it: meanwhile the network may have gone, and with that the place.
          if (await online()) continue
        }
        if (over()) return
        if (hurried && place === null) {
          hurried = false
          await waker.sleep(spreadMs * (options.backoff?.random ?? Math.random)(), signal)
          continue
        }
      }
      const { cursor, state, start } = live.run()
      if (isAsking(state)) {
        letGo()
        waits += 1
        await waitForPerson(state, waits)
        continue
      }
      waits = 0
      const starting = isStarting(live)
      if (starting && state.type === 'stopping') {
        // Reading would start it. Its end comes from the stop.
        letGo()
        await waker.pause(signal)
        continue
      }
      // What can not go on in the background ends with its connection, so that has to be one.
      const polling = options.mode() === 'poll' || (place === null && !poll && !(starting && start.background === false))
      if (options.mode() === 'poll') letGo()
      const phase = live.run().phase
      const agent = options.agent()
      const result = polling || poll ? await pollOnce(live, options, signal) : await streamLeg(live, options, signal)
      // What goes on being polled goes on waiting for a place.
      if (!polling || (result.type !== 'running' && result.type !== 'woken')) letGo()
      if (over()) return
      const progressed = live.run().cursor > cursor
      if (progressed) attempt = 0

      if (isAsking(live.run().state)) {
        poll = false
        continue
      }
      if (result.type === 'woken') continue
      if (result.type === 'doubt') {
        if (!(await settled(result.end))) await retry('ended', 0)
        continue
      }
      if (result.type === 'running' && polling) {
        attempt = 0
        polls = live.run().phase === phase ? polls + 1 : 1
        await untilPoll(result.response.pollAfterMs ?? 0)
        continue
      }
      if (result.type === 'closed' || result.type === 'running') {
        if (!poll && !polling && !progressed && live.handle() !== null) {
          // A leg that brought nothing: asking for the state is what tells a lost end from a slow agent.
          poll = true
          live.connection({ type: 'connection', state: { type: 'polling' } })
          continue
        }
        poll = false
        await retry('ended', 0)
        continue
      }
      // A leg may have brought the first token before it broke; then it was no failed start.
      const verdict = classify(result.error, isStarting(live))
      poll = false
      if (verdict.type === 'end') return live.end(verdict.outcome)
      // Somebody may have signed in while it was said that somebody has to.
      if (verdict.type === 'pause' && options.agent() !== agent) continue
      if (verdict.type === 'pause') {
        live.connection({ type: 'connection', state: { type: 'paused', reason: 'unauthorized' } })
        await waker.pause(signal)
        continue
      }
      await retry(verdict.reason, verdict.floorMs)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    letGo()
  }
}
