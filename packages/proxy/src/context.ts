import { type Agent, type ChatMessage } from '@rejoin/core'
import { type Recorder } from './record/recorder.ts'
import { type WholeAnswers } from './leg/wholeAnswers.ts'
import { type RunRegistry } from './registry/registry.ts'
import { type Teller } from './teller.ts'
import { type ConversationSealer } from './token/conversations.ts'
import { type Sealer } from './token/sealer.ts'

/** Where in the proxy an error was caught. */
export type ErrorPlace = 'authorize' | 'history' | 'start' | 'resume' | 'poll' | 'cancel' | 'record' | 'proxy'

/** What the routes of one proxy share. */
export interface ProxyContext {
  readonly agent: Agent
  readonly sealer: Sealer
  readonly conversations: ConversationSealer
  readonly registry: RunRegistry
  readonly wholeAnswers: WholeAnswers
  readonly history: History | undefined
  /** `null` where the app does not record what is said. */
  readonly recorder: Recorder | null
  readonly heartbeatMs: number
  readonly firstBatchMs: number
  readonly idleMs: number
  readonly maxBodyBytes: number
  readonly maxRunsPerCaller: number
  report(error: unknown, place: ErrorPlace): void
  /** `null` where nobody listens. */
  readonly teller: Teller | null
  /** The runs, by caller, whose answers are being taken to the agent here. */
  readonly answering: Set<string>
}

/** What is known of a request by now. */
export interface Known {
  runId: string | null
}

/** One request, by somebody known. */
export interface Call {
  readonly request: Request
  readonly user: string | null
  readonly known: Known
  waitUntil(task: Promise<unknown>): void
}

/** The earlier messages of a conversation, oldest first, from the app's own database. */
export type History = (conversation: {
  readonly user: string | null
  readonly session: string
  /** The run whose turn the new one takes the place of. Its answer, and the message itself, are left out in any case. */
  readonly replaces: string | null
}) => readonly ChatMessage[] | Promise<readonly ChatMessage[]>
