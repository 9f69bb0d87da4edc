import { z } from 'zod'
import { isCursor, isErrorCode } from '@rejoin/core'
import type { AgentResponse, Frame, MessagePart, ProgressStep, RunOutcome, RunPause, Update } from '@rejoin/core'

// The types once more, for values: what a decoder lets through has to be one of these. Written apart from the decoders.

const text = z.string()
const id = { id: text }
const maybeId = { id: text.exactOptional() }
const count = z.number().nonnegative()
const web = text.regex(/^https?:\/\//i)
const cites = z.looseObject({ part: text, start: z.number(), end: z.number() }).exactOptional()
const request = { type: z.literal('request'), ...id, prompt: text }
const answer = { type: z.literal('answer'), ...maybeId, request: text }

export const part: z.ZodType<MessagePart> = z.union([
  z.looseObject({ type: z.enum(['text', 'reasoning', 'refusal']), ...maybeId, text }),
  z.looseObject({
    type: z.literal('tool'),
    ...id,
    name: text,
    state: z.enum(['input-streaming', 'input-available', 'output-available', 'output-error']),
    errorCode: text.exactOptional(),
  }),
  z.looseObject({ type: z.literal('source-url'), ...id, url: web, title: text.exactOptional(), cites }),
  z.looseObject({ type: z.literal('source-document'), ...id, filename: text, fileId: text.exactOptional(), cites }),
  z.looseObject({ type: z.literal('file'), ...id, mediaType: text, url: text.regex(/^(https?:\/\/|data:|blob:|\/(?![/\\]))/i), filename: text.exactOptional() }),
  z.looseObject({ type: z.literal('data'), ...id, name: text, data: z.unknown() }),
  z.looseObject({ ...request, kind: z.literal('input'), options: z.array(text).exactOptional() }),
  z.looseObject({ ...request, kind: z.literal('approval'), name: text.exactOptional() }),
  z.looseObject({ ...request, kind: z.literal('auth'), url: web.exactOptional() }),
  z.looseObject({ ...answer, kind: z.literal('input'), text }),
  z.looseObject({ ...answer, kind: z.enum(['approval', 'auth']), approved: z.boolean(), text: text.exactOptional() }),
])

export const step: z.ZodType<ProgressStep> = z.looseObject({
  ...id,
  label: text,
  state: z.enum(['active', 'done']),
  value: z.number().exactOptional(),
  total: z.number().exactOptional(),
})

export const outcome: z.ZodType<RunOutcome> = z.union([
  z.looseObject({ type: z.enum(['completed', 'cancelled', 'expired']) }),
  z.looseObject({ type: z.literal('incomplete'), reason: text }),
  z.looseObject({ type: z.literal('failed'), code: text }),
])

export const reason = z.enum(['input', 'approval', 'auth'])
const pause: z.ZodType<RunPause> = z.looseObject({ type: z.literal('paused'), reason })
const usage = z.looseObject({ inputTokens: count, outputTokens: count })
const cursor = text.refine(isCursor)
const closing = {
  cursor,
  elapsedMs: count,
  length: count.exactOptional(),
  parts: z.array(part).exactOptional(),
  steps: z.array(step).exactOptional(),
  usage: usage.exactOptional(),
  conversation: text.exactOptional(),
}

const update: z.ZodType<Update> = z.union([
  z.strictObject({ type: z.literal('open'), cursor, mode: z.enum(['tail', 'replay', 'snapshot']), elapsedMs: count }),
  z.strictObject({ type: z.enum(['text', 'reasoning', 'refusal']), cursor, delta: text, ...maybeId }),
  z.strictObject({ type: z.literal('part'), cursor, part: z.intersection(part, z.looseObject(id)) }),
  z.strictObject({ type: z.literal('progress'), cursor, step }),
  z.strictObject({ type: z.literal('status'), cursor, status: z.enum(['queued', 'working']) }),
  z.strictObject({ type: z.literal('snapshot'), cursor, parts: z.array(part), steps: z.array(step) }),
  z.strictObject({ type: z.literal('end'), outcome, ...closing }),
  z.strictObject({ type: z.literal('pause'), reason, ...closing }),
  z.strictObject({ type: z.literal('other'), cursor }),
])

export const frame: z.ZodType<Frame | null> = z.union([
  z.null(),
  z.strictObject({ kind: z.literal('update'), update }),
  z.strictObject({ kind: z.literal('token'), sealed: text }),
  z.strictObject({ kind: z.literal('error'), code: z.custom<Extract<Frame, { kind: 'error' }>['code']>(isErrorCode), retryAfterMs: count.exactOptional() }),
])

export const response: z.ZodType<AgentResponse> = z.strictObject({
  runId: text,
  state: z.union([outcome, pause, z.looseObject({ type: z.enum(['queued', 'working']) })]),
  message: z.strictObject({ ...id, role: z.literal('assistant'), parts: z.array(part) }),
  steps: z.array(step).exactOptional(),
  continuationToken: text.nullable(),
  elapsedMs: count,
  pollAfterMs: count.exactOptional(),
  conversation: text.exactOptional(),
  usage: usage.exactOptional(),
})
