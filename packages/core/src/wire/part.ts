import { isFileAddress, isWebAddress } from '../address.ts'
import { type MessagePart } from '../message.ts'
import { isNumber } from './isNumber.ts'
import { isObject } from './isObject.ts'

/** Whether it is a part that this version can show. */
export function isPart(value: unknown): value is MessagePart {
  if (!isObject(value) || !isOptionalString(value.id)) return false
  switch (value.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return typeof value.text === 'string'
    case 'tool':
      return hasId(value) && typeof value.name === 'string' && isToolState(value.state) && isOptionalString(value.errorCode)
    case 'source-url':
      return hasId(value) && isText(value.url, isWebAddress) && isOptionalString(value.title) && isCitation(value.cites)
    case 'source-document':
      return (
        hasId(value) &&
        typeof value.filename === 'string' &&
        isOptionalString(value.fileId) &&
        isCitation(value.cites)
      )
    case 'file':
      return hasId(value) && typeof value.mediaType === 'string' && isText(value.url, isFileAddress) && isOptionalString(value.filename)
    case 'data':
      return hasId(value) && typeof value.name === 'string' && 'data' in value
    case 'request':
      return hasId(value) && typeof value.prompt === 'string' && isRequest(value)
    case 'answer':
      return typeof value.request === 'string' && isAnswer(value)
    default:
      return false
  }
}

function isRequest({ kind, options, name, url }: Record<string, unknown>): boolean {
  switch (kind) {
    case 'input':
      return options === undefined || (Array.isArray(options) && options.every((option) => typeof option === 'string'))
    case 'approval':
      return isOptionalString(name)
    case 'auth':
      return url === undefined || isText(url, isWebAddress)
    default:
      return false
  }
}

function isAnswer({ kind, text, approved }: Record<string, unknown>): boolean {
  if (kind === 'input') return typeof text === 'string'
  return (kind === 'approval' || kind === 'auth') && typeof approved === 'boolean' && isOptionalString(text)
}

export function hasId<T extends { readonly id?: unknown }>(value: T): value is T & { readonly id: string } {
  return typeof value.id === 'string'
}

function isToolState(value: unknown): boolean {
  return value === 'input-streaming' || value === 'input-available' || value === 'output-available' || value === 'output-error'
}

function isCitation(value: unknown): boolean {
  if (value === undefined) return true
  return isObject(value) && typeof value.part === 'string' && isNumber(value.start) && isNumber(value.end)
}

function isOptionalString(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isText(value: unknown, form: (text: string) => boolean): boolean {
  return typeof value === 'string' && form(value)
}
