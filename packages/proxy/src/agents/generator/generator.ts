import {
  type ChatMessage,
  type DataPart,
  type FilePart,
  type ProgressStep,
  type RunPhase,
  type SourceDocumentPart,
  type SourceUrlPart,
  type ToolPart,
} from '@rejoin/core'
import { type Ask } from './ask.ts'

/** What a generator agent is called with. */
export interface GeneratorContext {
  /**
   * The conversation so far; the last message is the one to answer. Earlier turns come from the log of the agent's own
   * runs, or from the proxy's `history`.
   */
  readonly messages: readonly ChatMessage[]
  readonly session: string
  /** Of the run that it was called for first: what goes on with the person's answer is a run of its own, of the same call. */
  readonly runId: string
  /** Whose run it is; `null` on a public page. */
  readonly user: string | null
  /**
   * Aborts when the run is cancelled, goes on in another process or has waited too long for an answer, and for nothing
   * else: nobody has to be connected.
   */
  readonly signal: AbortSignal
  /**
   * Asks the person, and resolves with the answer, which may take a reload and as long as `maxPauseMs`. The run waits
   * meanwhile, also where the generator goes on without it; what is yielded after the answer belongs to the run that
   * brought it. What is asked in one turn of the event loop (`Promise.all`) is asked, and answered, together, up to 32
   * of it; what is asked while something else waits comes after that. Rejects when `signal` aborts.
   */
  readonly ask: Ask
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
  /** The whole text so far, with what came after the checkpoint: all text deltas, whatever their `id`. */
  readonly text: string
}

/** A part that comes whole. One with the id of an earlier one takes its place. */
export type GeneratorPart = ToolPart | SourceUrlPart | SourceDocumentPart | FilePart | DataPart

/**
 * What a generator agent yields: a piece of text, as it is or as an object; of its reasoning, or of why it refuses; a
 * part; what it is doing, whether it waits; or where to go on after its process has died (JSON, for itself alone; needs
 * `afterRestart`).
 */
export type GeneratorItem =
  | string
  /** `id`: the part that it belongs to; without one, the last part if that is of this type and has no id. */
  | { readonly type: 'text' | 'reasoning' | 'refusal'; readonly delta: string; readonly id?: string | undefined }
  | { readonly type: 'part'; readonly part: GeneratorPart }
  | { readonly type: 'progress'; readonly step: ProgressStep }
  | { readonly type: 'status'; readonly status: RunPhase }
  | { readonly type: 'checkpoint'; readonly state: unknown }

/**
 * An agent written as an async generator: called once for each turn, and once more where that is taken over.
 */
export type AgentGenerator = (context: GeneratorContext) => AsyncIterable<GeneratorItem>
