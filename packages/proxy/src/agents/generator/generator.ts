import { type ChatMessage, type ProgressStep, type RunPhase } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'

/** What a generator agent is called with. */
export interface GeneratorContext {
  /** The conversation so far; the last message is the one to answer. */
  readonly messages: readonly ChatMessage[]
  readonly session: string
  readonly runId: string
  /** Whose run it is; `null` on a public page. */
  readonly user: string | null
  /** Aborts when the run is cancelled or goes on in another process, and for nothing else: nobody has to be connected. */
  readonly signal: AbortSignal
  /** What a process that has died left of this run, to be gone on with; `null` for a new run. */
  readonly left: GeneratorLeft | null
}

/** What a process that has died left of a run. */
export interface GeneratorLeft {
  /**
   * The last one that was yielded, as JSON; `null` where there is none yet. Look at it before you rely on it: an
   * earlier version of your program may have written it.
   */
  readonly checkpoint: unknown
  /** The whole text so far, with what came after the checkpoint. */
  readonly text: string
}

/**
 * What a generator agent yields: a piece of text, as it is or as an object, what it is doing, whether it waits, or
 * where to go on after its process has died (JSON, for itself alone; needs `afterRestart`).
 */
export type GeneratorItem =
  | string
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'progress'; readonly step: ProgressStep }
  | { readonly type: 'status'; readonly status: RunPhase }
  | { readonly type: 'checkpoint'; readonly state: unknown }

/** An agent written as an async generator: called once for each run, and once more where it is taken over. */
export type AgentGenerator = (context: GeneratorContext) => AsyncIterable<GeneratorItem>

/** An item that people see something of. */
export type VisibleItem = Exclude<GeneratorItem, { readonly type: 'checkpoint' }>

export function isCheckpoint(item: GeneratorItem): item is Exclude<GeneratorItem, VisibleItem> {
  return typeof item === 'object' && item?.type === 'checkpoint'
}

/**
 * `null` for an empty piece of text.
 * @throws TypeError for what is no item: in the log it would break every reader of the run
 */
export function entryOf(item: VisibleItem): LogEntry | null {
  if (typeof item === 'string') return item === '' ? null : { type: 'text', delta: item }
  switch (item?.type) {
    case 'text':
      if (typeof item.delta === 'string') return item.delta === '' ? null : { type: 'text', delta: item.delta }
      break
    case 'progress':
      if (isStep(item.step)) return { type: 'progress', step: item.step }
      break
    case 'status':
      if (item.status === 'queued' || item.status === 'working') return { type: 'status', status: item.status }
      break
  }
  throw new TypeError(
    "A generator agent yielded something that is no item, so it can not be shown. Yield a string, { type: 'text', delta }, { type: 'progress', step: { id, label, state } }, { type: 'status', status } or { type: 'checkpoint', state }.",
  )
}

function isStep(step: ProgressStep | undefined): boolean {
  return (
    typeof step?.id === 'string' &&
    typeof step.label === 'string' &&
    (step.state === 'active' || step.state === 'done') &&
    [step.value, step.total].every((count) => count === undefined || Number.isFinite(count))
  )
}
