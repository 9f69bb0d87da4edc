import { isServedAddress, type AnswerPart, type FilePart, type TextPart } from '@rejoin/core'
import { hasOnly, isId, isTextOf } from './http/form.ts'

/** Agents put into a request's id what they find it again by. */
const maxRequestIdLength = 2_048
const maxAddressLength = 2_048
const maxFilenameLength = 255
const mediaTypeForm = /^[\w.+-]{1,63}\/[\w.+-]{1,63}$/

/** What no address has, and what clients read in different ways. */
const ambiguous = /[\s\\]|^https?:\/\/(\/|$)/i

/** A part of the person's message, or `null` for what is none. */
export function messagePartOf(value: unknown): TextPart | FilePart | AnswerPart | null {
  if (hasOnly(value, ['type', 'text']) && value.type === 'text') return textOf(value)
  if (hasOnly(value, ['type', 'id', 'url', 'mediaType', 'filename']) && value.type === 'file') return fileOf(value)
  if (hasOnly(value, ['type', 'kind', 'id', 'request', 'text', 'approved']) && value.type === 'answer') return answerOf(value)
  return null
}

function textOf({ text }: Record<string, unknown>): TextPart | null {
  return typeof text === 'string' ? { type: 'text', text } : null
}

function fileOf({ id, url, mediaType, filename }: Record<string, unknown>): FilePart | null {
  if (!isId(id) || !isTextOf(url, 1, maxAddressLength)) return null
  // Never the file itself.
  if (!isServedAddress(url) || ambiguous.test(url)) return null
  if (typeof mediaType !== 'string' || !mediaTypeForm.test(mediaType)) return null
  if (filename === undefined) return { type: 'file', id, url, mediaType }
  return isTextOf(filename, 1, maxFilenameLength) ? { type: 'file', id, url, mediaType, filename } : null
}

function answerOf({ kind, id, request, text, approved }: Record<string, unknown>): AnswerPart | null {
  if (!isTextOf(request, 1, maxRequestIdLength) || (id !== undefined && !isId(id))) return null
  const named = { type: 'answer', ...(id !== undefined && { id }), request } as const
  if (kind === 'input') return typeof text === 'string' && approved === undefined ? { ...named, kind, text } : null
  if ((kind !== 'approval' && kind !== 'auth') || typeof approved !== 'boolean') return null
  if (text === undefined) return { ...named, kind, approved }
  return typeof text === 'string' ? { ...named, kind, approved, text } : null
}
