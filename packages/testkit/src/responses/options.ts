import { type ResponsesProfile } from './profile.ts'
import { type ResponsesRequest } from './request.ts'
import { type Keepalives } from './responseLog.ts'
import { type ResponsesAnswer } from './script.ts'

/** What the emulator answers, how fast, and whose server it is like. */
export interface ResponsesEmulatorOptions {
  /** Whose server it is like. @default 'openai' */
  profile?: ResponsesProfile | undefined
  /** What every request is answered with, or a function from the request to that. */
  answer: ResponsesAnswer | ((request: ResponsesRequest) => ResponsesAnswer)
  /** Passes before each event after `response.created`, in milliseconds. @default 0 */
  paceMs?: number | undefined
  /** How long after its creation a response can be streamed again, in milliseconds. @default 300_000 */
  windowMs?: number | undefined
  /** Requests with another key, or none, are refused. @default any will do */
  apiKey?: string | undefined
  /** `keepalive` events that come before a response has an id. @default none */
  keepalives?: Keepalives | undefined
  /** Said in polls of a running response, as `openai-poll-after-ms`. @default nothing is said */
  pollAfterMs?: number | undefined
}
