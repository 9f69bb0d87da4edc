import { type ChatMessage } from '../message.ts'

/** The version of the wire that these packages speak; in every request and answer. */
export const protocolVersion = '1'

/** Header names, lower case as `Headers` gives them back. */
export const header = {
  version: 'rejoin-version',
  /** Request: the sealed part of a token. Never in a URL, where logs would keep it. */
  token: 'rejoin-token',
  lastEventId: 'last-event-id',
} as const

/** `POST {base}/runs` */
export interface StartRequest {
  readonly id: string
  readonly session: string
  /** The person's new message and nothing else: history is the server's. */
  readonly message: ChatMessage
  readonly background: boolean
  /** What the end of the turn before said as `conversation`; `null`: this is the first turn. Left out: the server decides. */
  readonly conversation?: string | null
  /** The run whose turn this one takes the place of: it is asked again. */
  readonly replaces?: string
  /** The run whose questions the message answers. */
  readonly answers?: string
}

/** `POST {base}/runs/{id}/cancel` */
export interface CancelRequest {
  readonly session: string
}

/** `GET {base}/runs`: the caller's unfinished runs, oldest first. */
export interface RunList {
  readonly runs: readonly RunListing[]
}

/** One run of a list. */
export interface RunListing {
  readonly id: string
  readonly session: string
  /** `paused`: it waits for the person. */
  readonly state: 'running' | 'paused'
  /** Milliseconds since the epoch, by the server's clock. */
  readonly startedAt: number
}

/** Problem details (RFC 9457) as these packages write them. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
}

/** The media type of problem details (RFC 9457). */
export const problemContentType = 'application/problem+json'
