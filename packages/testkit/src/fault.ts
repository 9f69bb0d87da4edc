/** One thing that goes wrong with one request. Plain data; `after` counts bytes of the answer's body. */
export type Fault =
  /** The body comes in chunks of these sizes, over and over: in the middle of a character, a byte at a time. */
  | { readonly kind: 'split'; readonly sizes: readonly number[] }
  /** The connection breaks. */
  | { readonly kind: 'cut'; readonly after: number }
  /** The stream ends cleanly, as if that were all. */
  | { readonly kind: 'end'; readonly after: number }
  /** Nothing more comes and nothing closes; `null` where not even the headers come. */
  | { readonly kind: 'stall'; readonly after: number | null }
  /** The request does not reach the server. */
  | { readonly kind: 'refuse' }
  /** The request reaches the server, its answer does not come back. */
  | { readonly kind: 'lose' }
  /** Something answers with an error. */
  | {
      readonly kind: 'error'
      readonly status: number
      /** In seconds. */
      readonly retryAfter: number | null
      readonly body: 'html' | 'problem'
      /** Whether the server behind it has seen the request all the same. */
      readonly reached: boolean
    }
  /** The server does not know any more who asks: 401, before it has seen the request. */
  | { readonly kind: 'unauthorized' }
  /** A captive portal answers 200 with a page of its own. */
  | { readonly kind: 'html' }
  /** Milliseconds before the answer, and before each chunk of it. */
  | { readonly kind: 'slow'; readonly answerMs: number; readonly chunkMs: number }
  /** The request is sent twice at once; the other answer is dropped. */
  | { readonly kind: 'duplicate'; readonly keep: 'first' | 'second' }
  /** Every server-sent event comes twice. */
  | { readonly kind: 'repeat' }
  /** The request's `Last-Event-ID` is lost, so the server begins from the beginning. */
  | { readonly kind: 'replay' }

/** The name of a thing that goes wrong. */
export type FaultKind = Fault['kind']

/** What goes wrong with each request, in the order of the requests. After the last, nothing does. */
export interface FaultPlan {
  readonly seed: number
  readonly requests: readonly (readonly Fault[])[]
}

/** Nothing goes wrong. */
export const cleanPlan: FaultPlan = { seed: 0, requests: [] }
