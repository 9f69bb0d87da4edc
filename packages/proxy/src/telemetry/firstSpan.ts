import { isSpanContextValid, type SpanContext } from '@opentelemetry/api'

/** A continuation token as the agent knows it, and the run's first span. */
export interface SplitToken {
  readonly token: string
  readonly first: SpanContext | null
}

// A traceparent of version 00 (W3C Trace Context) before the agent's own handle. Its length is always the same.
const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})~/

/** The handle, or a token with it, behind the run's first span. */
export function withFirstSpan(handle: string, first: SpanContext | null): string {
  if (first === null) return handle
  const { traceId, spanId, traceFlags } = first
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}~${handle}`
}

/** The opposite of {@link withFirstSpan}. A token of an agent that was not traced is left as it is. */
export function splitFirstSpan(token: string): SplitToken {
  const [prefix, traceId, spanId, flags] = form.exec(token) ?? []
  if (prefix === undefined || traceId === undefined || spanId === undefined || flags === undefined) return { token, first: null }
  const first = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return { token: token.slice(prefix.length), first: isSpanContextValid(first) ? first : null }
}
