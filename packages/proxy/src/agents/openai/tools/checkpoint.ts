import { type Usage } from '@rejoin/core'
import { isObject } from '../../../isObject.ts'
import { type ResponseIdentity } from '../readResponse.ts'
import { owedIn, type Owed } from './decided.ts'

/** Where a run with tools stands: what another process needs to go on with it. */
export interface RoundsCheckpoint {
  readonly round: number
  readonly response: ResponseIdentity
  /** The last of its events that is in the log. */
  readonly after: number
  /** The calls that have been begun, by their ids. */
  readonly started: readonly string[]
  /** The create of the next round is on its way. */
  readonly creating: boolean
  /** What the responses before this one have used. */
  readonly usage: Usage | null
  /** Set while it is the calls of the turn before that are made: `response` is that turn's. */
  readonly owed: Owed | null
}

/** What a process has noted; `null` of another's. */
export function checkpointIn(value: unknown): RoundsCheckpoint | null {
  if (!isObject(value) || !isObject(value.response)) return null
  const { round, after, started, response } = value
  if (typeof round !== 'number' || typeof after !== 'number' || typeof response.id !== 'string') return null
  const createdAt = typeof response.createdAt === 'number' ? response.createdAt : null
  return {
    round,
    after,
    started: Array.isArray(started) ? started.filter((id) => typeof id === 'string') : [],
    creating: value.creating === true,
    usage: usageIn(value.usage),
    owed: owedIn(value.owed),
    response: { id: response.id, createdAt, background: response.background === true, stored: response.stored !== false },
  }
}

function usageIn(value: unknown): Usage | null {
  if (!isObject(value)) return null
  const { inputTokens, outputTokens } = value
  return typeof inputTokens === 'number' && typeof outputTokens === 'number' ? { inputTokens, outputTokens } : null
}
