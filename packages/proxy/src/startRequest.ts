import { textOf, type ChatMessage, type MessagePart, type StartRequest } from '@rejoin/core'
import { runIdForm } from './http/route.ts'

export type ParsedStart =
  | { readonly ok: true; readonly start: StartRequest }
  | { readonly ok: false; readonly code: 'invalid_request' | 'empty_message' }

/** A session's name has no more characters than this. */
const maxSessionLength = 200

/** Half a character: not every store, and no other encoding than this one, can keep it apart from any other. */
const surrogate = /\p{Surrogate}/u
const idForm = new RegExp(`^${runIdForm}$`)
const invalid: ParsedStart = { ok: false, code: 'invalid_request' }

/**
 * The body of a start. A field that does not belong there is refused and not passed over: the browser
 * sends the person's new message, and neither history nor anybody else's words.
 */
export function parseStart(body: unknown): ParsedStart {
  if (!hasOnly(body, ['id', 'session', 'message', 'background'])) return invalid
  const { id, session, background = false } = body
  if (typeof id !== 'string' || !idForm.test(id) || !isSession(session) || typeof background !== 'boolean') return invalid
  const message = messageOf(body.message)
  if (message === null) return invalid
  if (textOf(message).trim() === '') return { ok: false, code: 'empty_message' }
  return { ok: true, start: { id, session, message, background } }
}

export function isSession(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxSessionLength && !surrogate.test(value)
}

function messageOf(value: unknown): ChatMessage | null {
  if (!hasOnly(value, ['id', 'role', 'parts'])) return null
  const { id, role, parts } = value
  if (typeof id !== 'string' || id.length === 0 || id.length > maxSessionLength || role !== 'user') return null
  return Array.isArray(parts) && parts.every(isPart) ? { id, role, parts } : null
}

function isPart(value: unknown): value is MessagePart {
  return hasOnly(value, ['type', 'text']) && value.type === 'text' && typeof value.text === 'string'
}

export function hasOnly(value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((name) => names.includes(name))
}
