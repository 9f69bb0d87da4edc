import { type StreamEnd } from './eventStream.ts'

/** A request that came. */
export interface EmulatedRequest {
  readonly method: string
  readonly path: string
  readonly search: URLSearchParams
  /** Without the ones that carry secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** The HTTP status; `null` while there is none. */
  readonly status: number | null
  /** Which response it was about. */
  readonly responseId: string | null
  /** The numbers of the events that were sent. */
  readonly sent: readonly number[]
  /** How its stream ended; `null` while it is open, and where there is none. */
  readonly end: StreamEnd | null
}

/** The same, while it is being written. */
export type RequestNote = { -readonly [K in keyof Omit<EmulatedRequest, 'sent'>]: EmulatedRequest[K] } & { sent: number[] }

const secrets = ['authorization', 'api-key', 'cookie']

export function noteRequest({ method, headers }: Request, { pathname, searchParams }: URL): RequestNote {
  return {
    method,
    path: pathname,
    search: searchParams,
    headers: Object.fromEntries([...headers].filter(([name]) => !secrets.includes(name))),
    status: null,
    responseId: null,
    sent: [],
    end: null,
  }
}
