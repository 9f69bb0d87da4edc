import fc from 'fast-check'
import { cursorOf, startCursor } from '@rejoin/core'
import type { ConnectionEvent, Cursor, MessagePart, PartUpdate, ProgressStep, RunEvent, RunOutcome, Update } from '@rejoin/core'

/** What has a meaning to those who carry a text: to lines, to SSE, to JSON, to UTF-8 and to UTF-16. */
const traps = ['\r\n', '\r', '\n', '\n\n', '\uFEFF', '\u2028', '\u2029', '\uD83D', '\uDE00', '\0', ':', 'data:', 'id:', '"', '\\', '世', '👩‍🚀']

/** Any text, halves of characters too. */
export const anyText = (maxLength = 8): fc.Arbitrary<string> =>
  fc.string({ unit: fc.oneof(fc.constantFrom(...traps), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })), maxLength })

/** A value as JSON gives it: there is no minus zero. */
export const anyJson = (maxDepth = 2): fc.Arbitrary<unknown> =>
  fc.jsonValue({ maxDepth, stringUnit: 'binary' }).map((value): unknown => JSON.parse(JSON.stringify(value)))

/** Few, so that they meet. */
const ids = fc.constantFrom('a', 'b')
const words = anyText()
const growing = fc.constantFrom('text' as const, 'reasoning' as const, 'refusal' as const)
const file = { mediaType: fc.constant('image/png'), url: fc.webUrl() }
const cites = fc.record({ part: ids, start: fc.nat(9), end: fc.nat(9) })

/** Each kind of part, with an id. */
export const anyPart: fc.Arbitrary<PartUpdate['part']> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: growing, id: ids, text: words }) },
  fc.record(
    {
      type: fc.constant('tool' as const),
      id: ids,
      name: words,
      state: fc.constantFrom('input-streaming' as const, 'input-available' as const, 'output-available' as const, 'output-error' as const),
      input: anyJson(),
      output: anyJson(),
      errorCode: words,
    },
    { requiredKeys: ['type', 'id', 'name', 'state'] },
  ),
  fc.record({ type: fc.constant('source-url' as const), id: ids, url: fc.webUrl(), title: words, cites }, { requiredKeys: ['type', 'id', 'url'] }),
  fc.record({ type: fc.constant('source-document' as const), id: ids, filename: words, cites }, { requiredKeys: ['type', 'id', 'filename'] }),
  fc.record({ type: fc.constant('file' as const), id: ids, ...file, filename: words }, { requiredKeys: ['type', 'id', 'mediaType', 'url'] }),
  fc.record({ type: fc.constant('data' as const), id: ids, name: words, data: anyJson() }),
  fc.record({ type: fc.constant('request' as const), kind: fc.constant('input' as const), id: ids, prompt: words, options: fc.array(words, { maxLength: 2 }) }),
  fc.record({ type: fc.constant('request' as const), kind: fc.constant('approval' as const), id: ids, prompt: words, name: words, input: anyJson() }),
  fc.record({ type: fc.constant('request' as const), kind: fc.constant('auth' as const), id: ids, prompt: words, url: fc.webUrl() }),
  fc.record({ type: fc.constant('answer' as const), kind: fc.constant('input' as const), id: ids, request: ids, text: words }),
  fc.record({ type: fc.constant('answer' as const), kind: fc.constantFrom('approval' as const, 'auth' as const), id: ids, request: ids, approved: fc.boolean() }),
)

/** Parts of a whole state: texts need no id there. */
export const anyParts: fc.Arbitrary<MessagePart[]> = fc.array(fc.oneof(anyPart, fc.record({ type: growing, text: words })), { maxLength: 4 })

const anyStep: fc.Arbitrary<ProgressStep> = fc.record(
  { id: ids, label: words, state: fc.constantFrom('active' as const, 'done' as const), value: fc.nat(9), total: fc.nat(9) },
  { requiredKeys: ['id', 'label', 'state'] },
)
export const anySteps: fc.Arbitrary<ProgressStep[]> = fc.array(anyStep, { maxLength: 2 })

export const anyOutcome: fc.Arbitrary<RunOutcome> = fc.oneof(
  fc.constantFrom<RunOutcome>({ type: 'completed' }, { type: 'cancelled' }, { type: 'expired' }),
  fc.record({ type: fc.constant('incomplete' as const), reason: words }),
  fc.record({ type: fc.constant('failed' as const), code: words }),
)

export const anyUsage = fc.record({ inputTokens: fc.nat(), outputTokens: fc.nat() })
const elapsedMs = fc.nat(100)
const closing = { cursor: fc.constant(startCursor), elapsedMs, length: fc.nat(50), parts: anyParts, steps: anySteps, usage: anyUsage, conversation: words }

/** Each kind of update that does not end a run, all at the start cursor: `placed` says where they stand. */
const anyContent: fc.Arbitrary<Update> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: growing, cursor: fc.constant(startCursor), delta: words, id: ids }, { requiredKeys: ['type', 'cursor', 'delta'] }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('part' as const), cursor: fc.constant(startCursor), part: anyPart }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('progress' as const), cursor: fc.constant(startCursor), step: anyStep }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('status' as const), cursor: fc.constant(startCursor), status: fc.constantFrom('queued' as const, 'working' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('other' as const), cursor: fc.constant(startCursor) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('open' as const),
      cursor: fc.constant(startCursor),
      mode: fc.constantFrom('tail' as const, 'replay' as const, 'snapshot' as const),
      elapsedMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('snapshot' as const), cursor: fc.constant(startCursor), parts: anyParts, steps: anySteps }) },
  {
    weight: 2,
    arbitrary: fc.record(
      { type: fc.constant('pause' as const), reason: fc.constantFrom('input' as const, 'approval' as const, 'auth' as const), ...closing },
      { requiredKeys: ['type', 'cursor', 'reason', 'elapsedMs'] },
    ),
  },
)

const anyEnd: fc.Arbitrary<Update> = fc.record(
  { type: fc.constant('end' as const), outcome: anyOutcome, ...closing },
  { requiredKeys: ['type', 'cursor', 'outcome', 'elapsedMs'] },
)

export const anyUpdate: fc.Arbitrary<Update> = fc.oneof({ weight: 7, arbitrary: anyContent }, { weight: 1, arbitrary: anyEnd })

export function placed(update: Update, cursor: Cursor): Update {
  return { ...update, cursor }
}

/** What an agent may write: cursors that grow, with gaps; a snapshot opens the next epoch, and an end may close it. */
export const anyLog = (maxLength = 30): fc.Arbitrary<Update[]> =>
  fc.tuple(fc.array(fc.tuple(fc.nat(2), anyContent), { minLength: 1, maxLength }), fc.option(anyEnd)).map(([written, end]) => {
    let epoch = 0
    let n = 0
    const log = written.map(([gap, update]) => {
      if (update.type === 'snapshot') epoch += 1
      n = update.type === 'snapshot' ? 0 : n + gap + 1
      return placed(update, cursorOf(epoch, n))
    })
    return end === null ? log : [...log, placed(end, cursorOf(epoch, n + 1))]
  })

const at = fc.nat(1_000)

export const anyConnection: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<Extract<ConnectionEvent, { type: 'connection' }>['state']>(
        { type: 'starting' },
        { type: 'polling' },
        { type: 'stopping' },
        { type: 'paused', reason: 'unauthorized' },
        { type: 'reconnecting', reason: 'network', attempt: 1, retryAt: 7 },
      )
      .map((state): ConnectionEvent => ({ type: 'connection', state })),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('connected' as const), elapsedMs, at }) },
  {
    weight: 1,
    arbitrary: fc.record(
      { type: fc.constant('polled' as const), phase: fc.constantFrom('queued' as const, 'working' as const), elapsedMs, at, steps: anySteps },
      { requiredKeys: ['type', 'phase', 'elapsedMs', 'at'] },
    ),
  },
)

/** Whatever may happen to a run, in any order, updates at any cursor among it. */
export const anyEvents: fc.Arbitrary<RunEvent[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(anyUpdate, fc.nat(2), fc.nat(12)).map(([update, epoch, n]) => placed(update, cursorOf(epoch, n))) },
    { weight: 1, arbitrary: anyConnection },
  ),
  { maxLength: 25 },
)
