import { type Agent } from '../agent.ts'
import { RejoinError } from '../error.ts'
import { type RunSummary } from '../store/runStore.ts'
import { type Tabs } from '../tabs/tabs.ts'
import { type BackoffOptions } from './backoff.ts'
import { type Engine } from './engine.ts'
import { type Frames } from './frames.ts'
import { type Network } from './network.ts'
import { type News } from './news.ts'
import { type PollOptions } from './pollDelay.ts'
import { type Storage } from './storage.ts'
import { type WakeReason } from './waker.ts'

/** Works for as long as somebody needs the engine. */
export interface EnginePart {
  enter(): void
  leave(): void
  wake(reason: WakeReason): void
  /** Whether it reads the run, or waits to. Never one that has ended. */
  isReading(runId: string): boolean
  /** Gives everything up: its user has gone. */
  forget(): void
}

/** What the parts of one engine share. */
export interface EngineContext {
  /** Looked up at each use: an app may make a new agent object on every render. */
  agent(): Agent
  /** Whether anything needs the engine now. */
  active(): boolean
  storage: Storage
  tabs: Tabs
  frames: Frames
  news: News
  network: Network
  /** Is told, from now on, what sessions are told. Gives back how to leave. */
  join(part: EnginePart): () => void
  /** The person has sent something. */
  sent(): void
  /** Whether this tab reads the runs of the session, or waits to be the next. */
  isOpen(session: string): boolean
  /** Whether a run that was stored is too old to be shown or read. */
  hasExpired(run: Pick<RunSummary, 'start' | 'head'>): boolean
  options: { writeGapMs: number; backoff: BackoffOptions | undefined; poll: PollOptions | undefined }
  /** A name that no other user, session or run has, for locks and channels. */
  nameOf(...parts: string[]): string
  /** A fault of our own, where no caller could catch it. */
  fault(error: unknown): void
}

const contexts = new WeakMap<Engine, EngineContext>()

export function keepContext(engine: Engine, context: EngineContext): Engine {
  contexts.set(engine, context)
  return engine
}

/** For what is made for an engine without being in each one's bundle. */
export function contextOf(engine: Engine): EngineContext {
  const context = contexts.get(engine)
  if (context === undefined) throw new RejoinError('invalid_request', { message: 'This engine was not made by createEngine, so nothing is known of its runs. Give the engine itself.' })
  return context
}
