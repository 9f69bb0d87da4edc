import { type RunState } from '@rejoin/core'
import { type PlanEvent } from './plan.ts'

/** What somebody who looks at a tab sees. */
export interface TabView {
  /** For messages: the how-manieth that was opened. */
  readonly tab: number
  readonly state: RunState | null
  /** The texts of the person's messages that are shown. */
  readonly questions: readonly string[]
  /** The parts of the answer that have text, as they are on the screen. */
  readonly parts: readonly { readonly type: string; readonly text: string }[]
  /** The codes of the warnings that its app was given. */
  readonly warnings: readonly string[]
  /**
   * What was wrong at any moment since it was opened: text that shrank, or was not the beginning of the agent's; an error of the
   * console; an unhandled rejection.
   */
  readonly complaints: readonly string[]
}

/** What the server has seen. */
export interface ServerView {
  /** How often an agent began an answer; at the provider, where it is the provider's. */
  readonly started: number
  /** Whether an answer was stopped before its end, there where it is written; and whether all of it was written. */
  readonly cancelled: boolean
  readonly whole: boolean
  /** For how long nothing has gone wrong with the network or the server, in milliseconds; 0 while something does. */
  readonly calmMs: number
  /** How many requests were made, those too that could not reach it. */
  readonly asked: number
  /** How long ago the last of them was made, in milliseconds. */
  readonly unaskedMs: number
  /** Connections that are open now. */
  readonly open: number
  /** The most streams of one run that were open at one moment, but for those that a fault of the network doubles. */
  readonly mostStreams: number
  /** What was thrown on the server's side. */
  readonly errors: readonly string[]
  /** One line for each request that has ended, for the message of a plan that went wrong. */
  readonly log: readonly string[]
}

/** One browser and one server in which a plan is played: on a fake clock in Node, or for real. */
export interface World {
  /** Lets time pass until this moment, in milliseconds from the question. Returns at once where it is over. */
  until(ms: number): Promise<void>
  now(): number
  /** A person opens the chat. */
  open(): Promise<void>
  /** Sends the question in the first living tab. */
  ask(): Promise<void>
  /** Makes it happen. What lasts for a while ends by itself, later. */
  happen(event: PlanEvent): Promise<void>
  /** Whatever still lasts is over: the network, the server, the storage and every tab are back, and there is at least one. */
  heal(): Promise<void>
  /** The living tabs that are not frozen. */
  look(): Promise<readonly TabView[]>
  server(): ServerView
  /** All tabs are reloaded. */
  reloadAll(): Promise<void>
  /** Ends everything. Where an engine leaves something behind that should be gone (timers), says what. */
  close(): Promise<readonly string[]>
}
