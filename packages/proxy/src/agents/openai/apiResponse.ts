import { type Usage } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { stringIn } from '../json.ts'

/** What this adapter reads of a response object of the Responses API. */
export interface ApiResponse {
  readonly id: string
  readonly status: string
  readonly background: boolean
  /** Whether it can be asked for later. */
  readonly stored: boolean
  /** Milliseconds since the epoch, by the provider's clock; `null` where it does not say. */
  readonly createdAt: number | null
  readonly completedAt: number | null
  readonly errorCode: string | null
  readonly incompleteReason: string | null
  /** `null` where the server leaves it out, or keeps nothing of what it may have sent: of failed and cancelled ones. */
  readonly output: readonly ApiObject[] | null
  /** `null` while it runs, and of what was cancelled. */
  readonly usage: Usage | null
}

export type ApiObject = Readonly<Record<string, unknown>>

/** A response object, or null where it is none. */
export function apiResponseOf(value: unknown): ApiResponse | null {
  if (!isObject(value) || typeof value.id !== 'string' || value.id === '' || typeof value.status !== 'string') return null
  const { id, status, background, store, error, incomplete_details: incomplete, output, usage } = value
  return {
    id,
    status,
    background: background === true,
    stored: store !== false,
    createdAt: momentOf(value.created_at),
    completedAt: momentOf(value.completed_at),
    errorCode: stringIn(error, 'code'),
    incompleteReason: stringIn(incomplete, 'reason'),
    output: Array.isArray(output) && (output.length > 0 || isWhole(status)) ? output.filter(isObject) : null,
    usage: usageIn(usage),
  }
}

function usageIn(value: unknown): Usage | null {
  if (!isObject(value)) return null
  const { input_tokens: inputTokens, output_tokens: outputTokens } = value
  return typeof inputTokens === 'number' && typeof outputTokens === 'number' ? { inputTokens, outputTokens } : null
}

function isWhole(status: string): boolean {
  return status === 'completed' || status === 'incomplete'
}

/** No moment has so many seconds; some servers count in milliseconds. */
const tooManySeconds = 1e11

/** The API counts in whole seconds, some servers in parts of them too. */
function momentOf(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value < tooManySeconds ? Math.floor(value) * 1_000 : null
}
