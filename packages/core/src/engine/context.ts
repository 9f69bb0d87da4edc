import { type Agent } from '../agent.ts'
import { type Tabs } from '../tabs/tabs.ts'
import { type BackoffOptions } from './backoff.ts'
import { type Frames } from './frames.ts'
import { type PollOptions } from './pollDelay.ts'
import { type Storage } from './storage.ts'

/** What the parts of one engine share. */
export interface EngineContext {
  /** Looked up at each use: an app may make a new agent object on every render. */
  agent(): Agent
  /** Whether anything needs the engine now. */
  active(): boolean
  storage: Storage
  tabs: Tabs
  frames: Frames
  options: { writeGapMs: number; backoff: BackoffOptions | undefined; poll: PollOptions | undefined }
  /** A name that no other user, session or run has, for locks and channels. */
  nameOf(...parts: string[]): string
  /** A fault of our own, where no caller could catch it. */
  fault(error: unknown): void
}
