import { isGrowing, lengthOf, type MessagePart } from './message.ts'
import { isOutcome, shownParts, type Run, type RunState } from './run.ts'
import { type DeltaUpdate, type EndUpdate, type ProgressStep, type RunPhase, type Update } from './update.ts'

/** What this browser knows of a run's connection; never stored, since only updates are. */
export type ConnectionEvent =
  | { readonly type: 'connection'; readonly state: Extract<RunState, { type: 'reconnecting' | 'polling' | 'paused' | 'stopping' | 'starting' }> }
  /** A leg is open. `at`: local time the server's measure of `elapsedMs` came in. */
  | { readonly type: 'connected'; readonly elapsedMs: number; readonly at: number }
  /** The agent was asked how far it is. Changes what is said of the run, never its content. */
  | {
      readonly type: 'polled'
      readonly phase: RunPhase
      readonly elapsedMs: number
      readonly at: number
      readonly steps?: readonly ProgressStep[]
    }

/** Whatever changes a run: what the agent says, and what happens to the connection. */
export type RunEvent = Update | ConnectionEvent

/**
 * The one way a run changes. Pure; returns the same object where nothing changed, and shares whatever
 * parts did not.
 *
 * An update at or before the run's cursor is dropped, which makes replays harmless. Ends are the
 * exception: they count whatever their cursor, and after one nothing counts any more.
 */
export function reduce(run: Run, event: RunEvent): Run {
  if (isOutcome(run.state)) return run
  switch (event.type) {
    case 'connection':
      return withState(run, event.state)
    case 'connected':
      return withState({ ...run, elapsed: { ms: event.elapsedMs, at: event.at } }, stateIn(run.phase))
    case 'polled': {
      const { phase, elapsedMs: ms, at, steps = run.steps } = event
      const state: RunState = phase === 'queued' ? { type: 'queued' } : { type: 'polling' }
      return withState({ ...run, phase, steps, elapsed: { ms, at } }, state)
    }
    case 'open':
      return run
    case 'end':
      return {
        ...run,
        state: event.outcome,
        cursor: event.cursor > run.cursor ? event.cursor : run.cursor,
        parts: finalParts(run, event),
        floor: null,
        steps: event.steps ?? run.steps,
        elapsed: { ms: event.elapsedMs, at: null },
        conversation: event.conversation ?? null,
      }
    case 'pause': {
      // Told again to who has heard it; what came after it stays.
      if (event.cursor < run.cursor) return run
      const { cursor, parts = [], steps = run.steps, elapsedMs: ms, reason, conversation = null } = event
      const told = parts.length === 0 ? run : withParts({ ...run, floor: shownParts(run) }, parts)
      return withState({ ...told, cursor, steps, conversation, elapsed: { ms, at: null } }, { type: 'paused', reason })
    }
  }
  if (event.cursor <= run.cursor) return run
  const moved = { ...run, cursor: event.cursor }
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return withParts(inPhase(moved, 'working'), withDelta(run.parts, event))
    case 'part':
      return withParts(inPhase(moved, 'working'), withPart(run.parts, event.part))
    case 'progress':
      return { ...inPhase(moved, 'working'), steps: withStep(run.steps, event.step) }
    case 'status':
      return inPhase(moved, event.status)
    case 'snapshot':
      return withParts({ ...moved, steps: event.steps, floor: shownParts(run) }, event.parts)
    default:
      // Also what a newer version has stored.
      return moved
  }
}

/** What still arrives must not make it look as if nobody had stopped it. Only an end follows `stopping`, or that a stop needs a sign-in. */
function withState(run: Run, state: RunState): Run {
  const needsSignIn = state.type === 'paused' && state.reason === 'unauthorized'
  return run.state.type === 'stopping' && !needsSignIn ? run : { ...run, state }
}

function stateIn(phase: RunPhase): RunState {
  return phase === 'queued' ? { type: 'queued' } : { type: 'streaming' }
}

/** Content changes what a connected run is doing; it says nothing about a connection that is being made. */
function inPhase(run: Run, phase: RunPhase): Run {
  const connected = run.state.type === 'queued' || run.state.type === 'streaming'
  return { ...run, phase, state: connected ? stateIn(phase) : run.state }
}

function withDelta(parts: readonly MessagePart[], { type, delta, id }: DeltaUpdate): readonly MessagePart[] {
  const at = id === undefined ? parts.length - 1 : parts.findLastIndex((part) => part.id === id)
  const part = parts[at]
  if (part === undefined || part.type !== type || part.id !== id || !isGrowing(part)) {
    return [...parts, id === undefined ? { type, text: delta } : { type, id, text: delta }]
  }
  const grown = { ...part, text: part.text + delta }
  return parts.with(at, grown)
}

function withPart(parts: readonly MessagePart[], part: MessagePart & { readonly id: string }): readonly MessagePart[] {
  const at = parts.findLastIndex(({ id }) => id === part.id)
  return at === -1 ? [...parts, part] : parts.with(at, part)
}

function withStep(steps: readonly ProgressStep[], step: ProgressStep): readonly ProgressStep[] {
  const at = steps.findIndex(({ id }) => id === step.id)
  return at === -1 ? [...steps, step] : steps.with(at, step)
}

/** A snapshot of a run that goes on may know less than what is on the screen; then the screen stays. */
function withParts(run: Run, parts: readonly MessagePart[]): Run {
  const behind = run.floor !== null && lengthOf(parts) < lengthOf(run.floor)
  return { ...run, parts, floor: behind ? run.floor : null }
}

/** A completed answer is what the agent says it is. Any other end may have lost its output, so it can only add. */
function finalParts(run: Run, { parts, outcome }: EndUpdate): readonly MessagePart[] {
  const known = outcome.type === 'completed' ? run.parts : shownParts(run)
  if (parts === undefined || parts.length === 0) return known
  return outcome.type === 'completed' || lengthOf(parts) >= lengthOf(known) ? parts : known
}

