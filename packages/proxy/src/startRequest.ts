import { saysSomething, type ChatMessage, type StartRequest } from '@rejoin/core'
import { hasOnly, isId, isTextOf, maxIdLength } from './http/form.ts'
import { runIdForm } from './http/route.ts'
import { messagePartOf } from './messagePart.ts'

export type ParsedStart =
  | { readonly ok: true; readonly start: StartRequest }
  | { readonly ok: false; readonly code: 'invalid_request' | 'empty_message' }

/** A message has no more parts than this. */
const maxParts = 64
/** A sealed conversation has no more characters than this. */
export const maxConversationLength = 8_192

/** Half a character: not every store, and no other encoding than this one, can keep it apart from any other. */
const surrogate = /\p{Surrogate}/u
const idForm = new RegExp(`^${runIdForm}$`)
const invalid: ParsedStart = { ok: false, code: 'invalid_request' }

/**
 * The body of a start. A field that does not belong there is refused and not passed over: the browser
 * sends the person's new message, and neither history nor anybody else's words.
 */
export function parseStart(body: unknown): ParsedStart {
  if (!hasOnly(body, ['id', 'session', 'message', 'background', 'conversation', 'replaces', 'answers'])) return invalid
  const { id, session, background = false, conversation, replaces, answers } = body
  if (!isRunId(id) || !isSession(session) || typeof background !== 'boolean') return invalid
  if (!isConversation(conversation) || !isRunIdOrNone(replaces) || !isRunIdOrNone(answers)) return invalid
  const message = messageOf(body.message)
  if (message === null) return invalid
  if (!saysSomething(message)) return { ok: false, code: 'empty_message' }
  const turn = {
    ...(conversation !== undefined && { conversation }),
    ...(replaces !== undefined && { replaces }),
    ...(answers !== undefined && { answers }),
  }
  return { ok: true, start: { id, session, message, background, ...turn } }
}

export function isSession(value: unknown): value is string {
  return isTextOf(value, 1, maxIdLength) && !surrogate.test(value)
}

function isRunId(value: unknown): value is string {
  return typeof value === 'string' && idForm.test(value)
}

function isRunIdOrNone(value: unknown): value is string | undefined {
  return value === undefined || isRunId(value)
}

function isConversation(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || isTextOf(value, 1, maxConversationLength)
}

function messageOf(value: unknown): ChatMessage | null {
  if (!hasOnly(value, ['id', 'role', 'parts'])) return null
  const { id, role, parts: given } = value
  if (!isId(id) || role !== 'user' || !Array.isArray(given) || given.length > maxParts) return null
  const parts = given.flatMap((part: unknown) => messagePartOf(part) ?? [])
  return parts.length === given.length ? { id, role, parts } : null
}
