/**
 * What went wrong, as a stable name. The sentence for it is ours ({@link describeError}); what a
 * provider or a server wrote never becomes part of an error.
 */
export type RejoinErrorCode = keyof typeof sentences

const sentences = {
  agent_failed: 'The agent could not finish this answer. What it wrote so far is kept; ask again to start a new answer.',
  bad_response:
    'The server answered with something that is not an agent stream, so nothing could be read from it. Check that the agent proxy is served at the address given to proxyAgent.',
  busy: 'An answer is still being written in this conversation, and only one can be written at a time. Wait for it or stop it, then send again.',
  content_policy: 'The agent may not answer this, by its own rules or those of its provider. Ask in another way.',
  conversation_lost:
    'The agent no longer keeps this conversation, so it can not go on from there. Ask again: that begins a new one, which knows nothing of what was said before.',
  empty_message: 'The message is empty, so there is nothing to send. Write something first.',
  expired: 'The server no longer keeps this answer, so it can not go on. What was received is kept; ask again for the rest.',
  internal: 'The server had a fault of its own and gave no answer. Ask again; if this stays, tell whoever runs the server.',
  interrupted: 'The server stopped while it was writing this answer, and the agent can not go on from there. What it wrote so far is kept; ask again.',
  invalid_request: 'The server did not accept the request because its form is wrong. Check that browser and proxy packages have the same version.',
  messages_with_token:
    'Messages were given together with a continuation token, and it is unclear which is meant. Give messages to start a run, or the token alone to go on with one.',
  missing_provider: 'There is no BackgroundAgentProvider above this component, so it has no agent to talk to. Put one around it.',
  model_not_found:
    'The model this agent should answer with is not there, so no answer was started. Whoever runs the server has to check its name and who may use it.',
  not_found: 'There is no such answer for this caller. It may belong to somebody else, or never have been started.',
  overloaded: 'The agent had too much to do and gave this answer up. What it wrote so far is kept; ask again in a while.',
  quota_exceeded: 'The account this agent runs on has used up what it may spend. Whoever runs the server has to raise that.',
  rate_limited: 'The server asks to slow down. It is tried again after the time it named.',
  stalled: 'The connection went silent, so it was closed. The answer goes on over a new one.',
  start_unknown: 'It can not be known whether the agent started on this message. Nothing was sent again; ask again if no answer appears.',
  storage_unavailable:
    "The browser's storage can not be used, so this answer is kept in memory only and will not survive a reload. Free some space, or leave private mode.",
  token_invalid: 'The continuation token is damaged or not one of ours, so it does not say where to go on. Use a token exactly as it was received.',
  too_large: 'The message is larger than the server accepts. Send a shorter one.',
  too_long: 'The conversation has become longer than the agent can read at once. Start a new one, or ask for less.',
  too_many_runs: 'Too many answers are being written for this caller at once. Wait for one of them or stop it.',
  unauthorized: 'You are not signed in, or the sign-in has run out. Sign in, and the answer goes on.',
  unavailable: 'The server can not take requests right now. It is tried again.',
  unreachable: 'The server can not be reached. The connection is tried again; nothing is lost meanwhile.',
  unreadable_file:
    'A file of this message is at an address that the agent can not read from, so nothing was started. Put it where the agent can reach it, under an absolute `https:` address.',
} as const

/** Our sentence for an error code; for a code that is not ours, the general one of `agent_failed`. */
export function describeError(code: string): string {
  return isErrorCode(code) ? sentences[code] : sentences.agent_failed
}

/** Whether a value is one of our codes. */
export function isErrorCode(code: unknown): code is RejoinErrorCode {
  return typeof code === 'string' && Object.hasOwn(sentences, code)
}

/** What an error can say beside its code. */
export interface RejoinErrorOptions {
  /** More than the code's own sentence, in our words. */
  message?: string | undefined
  /** How long the server asked to wait, in milliseconds: a floor for the next try. */
  retryAfterMs?: number | undefined
  /** For logs on this side only; never sent anywhere. */
  cause?: unknown
}

/** The only error class of these packages. `code` is stable, `message` may be reworded. */
export class RejoinError extends Error {
  override readonly name = 'RejoinError'
  readonly code: RejoinErrorCode
  readonly retryAfterMs: number | undefined

  constructor(code: RejoinErrorCode, options: RejoinErrorOptions = {}) {
    super(options.message ?? sentences[code], 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Guard by name, because `instanceof` fails between two copies of the package and across realms. */
export function isRejoinError(value: unknown): value is RejoinError {
  return value instanceof Error && value.name === 'RejoinError' && 'code' in value && isErrorCode(value.code)
}
