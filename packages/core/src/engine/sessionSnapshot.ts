import { isErrorCode, RejoinError } from '../error.ts'
import { requestsIn, type ChatMessage, type RequestPart } from '../message.ts'
import { elapsedMs, hasEnded, isAsking, isOutcome, shownParts, type Run, type RunState } from '../run.ts'
import { type ProgressStep, type RunOutcome } from '../update.ts'
import { questionIn } from './answers.ts'

/** useChat's four values, with useChat's meaning. */
export type ChatStatus = 'submitted' | 'streaming' | 'ready' | 'error'

/** What a user interface needs to know of the latest run of a session. */
export interface RunView {
  /** `null` while it is not known yet whether there is one. */
  readonly id: string | null
  readonly state: RunState
  readonly progress: readonly ProgressStep[]
  /** Since the run began, as the server measured it; moves on with each snapshot. */
  readonly elapsedMs: number
  /** The local time from which `elapsedMs` counts, for a display that ticks; `null` once it stands still. */
  readonly startedAt: number | null
  /** Tries since the connection last brought something. */
  readonly attempt: number
  /** When the next try is due, milliseconds since the epoch. */
  readonly retryAt: number | null
}

/** Everything about a session at one moment. A new object for each change; what did not change is shared. */
export interface SessionSnapshot {
  readonly messages: readonly ChatMessage[]
  readonly status: ChatStatus
  /** `null` when nothing was ever asked here. */
  readonly run: RunView | null
  readonly error: RejoinError | null
  /** What the agent asks and nobody has answered; it goes on when all of it is. */
  readonly requests: readonly RequestPart[]
}

/** A run that has ended, and its answer. */
export interface FinishedRun {
  readonly message: ChatMessage
  readonly run: RunView & { readonly state: RunOutcome }
}

/** The message objects made so far, by what they show. */
export type Answers = WeakMap<Run['parts'], ChatMessage>

const nothing: readonly never[] = []

const restoringView: RunView = {
  id: null,
  state: { type: 'restoring' },
  progress: [],
  elapsedMs: 0,
  startedAt: null,
  attempt: 0,
  retryAt: null,
}

/** What a session looks like before anything is known of it, on a server too. */
export const restoringSnapshot: SessionSnapshot = { messages: [], status: 'ready', run: restoringView, error: null, requests: nothing }

export function snapshotOf(
  runs: readonly Run[],
  refusal: RejoinError | null,
  cleared: string | null,
  answers: Answers,
  /** Requests whose answers wait for those of the others. */
  answered: ReadonlyMap<string, unknown>,
): SessionSnapshot {
  const messages: ChatMessage[] = []
  for (const run of runs) {
    if (run.start.message !== null) messages.push(run.start.message)
    if (!hasEnded(run) || shownParts(run).length > 0) messages.push(answerOf(run, answers))
  }
  const latest = runs.at(-1)
  const failure = latest && latest.start.id !== cleared ? failureOf(latest) : null
  return {
    messages,
    status: failure ? 'error' : latest ? statusOf(latest) : 'ready',
    run: latest ? viewOf(latest) : null,
    error: refusal ?? failure,
    requests: openRequests(questionIn(runs), answered),
  }
}

const requestsOf = new WeakMap<Run['parts'], readonly RequestPart[]>()

/** The same list for as long as it is the same. */
function openRequests(run: Run | null, answered: ReadonlyMap<string, unknown>): readonly RequestPart[] {
  if (run === null) return nothing
  const parts = shownParts(run)
  const all = requestsOf.get(parts) ?? requestsIn({ parts })
  requestsOf.set(parts, all)
  return all.some(({ id }) => answered.has(id)) ? all.filter(({ id }) => !answered.has(id)) : all
}

/** The same message object for as long as its parts are the same, so that memoised components can skip it. */
export function answerOf(run: Run, answers: Answers): ChatMessage {
  const parts = shownParts(run)
  const known = answers.get(parts)
  if (known?.id === run.start.id) return known
  const answer: ChatMessage = { id: run.start.id, role: 'assistant', parts }
  answers.set(parts, answer)
  return answer
}

export function viewOf(run: Run): RunView {
  const { state, elapsed } = run
  const reconnecting = state.type === 'reconnecting' ? state : null
  return {
    id: run.start.id,
    state,
    progress: run.steps,
    elapsedMs: elapsedMs(elapsed, Date.now()),
    startedAt: elapsed.at === null ? null : elapsed.at - elapsed.ms,
    attempt: reconnecting?.attempt ?? 0,
    retryAt: reconnecting?.retryAt ?? null,
  }
}

export function isFinished(view: RunView): view is RunView & { state: RunOutcome } {
  return view.id !== null && isOutcome(view.state)
}

function statusOf(run: Run): ChatStatus {
  if (hasEnded(run) || isAsking(run.state)) return 'ready'
  return shownParts(run).length > 0 ? 'streaming' : 'submitted'
}

/** One error object for one failure, so that who watches `error` is told once. */
const failures = new WeakMap<RunState, RejoinError>()

function failureOf({ state }: Run): RejoinError | null {
  if (state.type !== 'failed') return null
  const error = failures.get(state) ?? new RejoinError(isErrorCode(state.code) ? state.code : 'agent_failed')
  failures.set(state, error)
  return error
}
