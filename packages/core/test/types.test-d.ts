import {
  createEngine,
  describeError,
  isErrorCode,
  isGrowing,
  isOutcome,
  isRejoinError,
  proxyAgent,
  RejoinError,
  type Agent,
  type Cursor,
  type MessagePart,
  type RejoinErrorCode,
  type RunOutcome,
  type RunState,
  type SendResult,
  type ToolState,
  type Update,
} from '@rejoin/core'
import { assertType, describe, expectTypeOf, it } from 'vitest'

declare const state: RunState
declare const part: MessagePart
declare const update: Update
declare const sent: SendResult
declare const agent: Agent
declare const unknown: unknown

describe('the state of a run', () => {
  it('has what belongs to its type, and only that', () => {
    type State<Type> = Extract<RunState, { type: Type }>
    expectTypeOf<State<'reconnecting'>['retryAt']>().toEqualTypeOf<number | null>()
    expectTypeOf<State<'paused'>['reason']>().toEqualTypeOf<'unauthorized' | 'input' | 'approval' | 'auth'>()
    expectTypeOf<State<'incomplete'>['reason']>().toEqualTypeOf<string>()
    expectTypeOf<State<'failed'>['code']>().toEqualTypeOf<string>()
    expectTypeOf<State<'streaming'>>().toEqualTypeOf<{ readonly type: 'streaming' }>()
    if (state.type === 'reconnecting') assertType<number>(state.attempt)
    // @ts-expect-error no other state has one
    if (state.type === 'polling') assertType(state.retryAt)
  })

  it('is an outcome once it has ended', () => {
    if (isOutcome(state)) expectTypeOf(state).toEqualTypeOf<RunOutcome>()
    else expectTypeOf(state.type).toEqualTypeOf<Exclude<RunState['type'], RunOutcome['type']>>()
  })

  it('can be told apart without a case left over', () => {
    switch (state.type) {
      case 'restoring':
      case 'starting':
      case 'queued':
      case 'streaming':
      case 'reconnecting':
      case 'polling':
      case 'paused':
      case 'stopping':
      case 'completed':
      case 'incomplete':
      case 'failed':
      case 'cancelled':
      case 'expired':
        break
      default:
        expectTypeOf(state).toEqualTypeOf<never>()
    }
  })
})

describe('a part of a message', () => {
  it('is told apart by its type', () => {
    type Part<Type> = Extract<MessagePart, { type: Type }>
    expectTypeOf<Part<'text' | 'reasoning' | 'refusal'>['text']>().toEqualTypeOf<string>()
    expectTypeOf<Part<'tool'>['state']>().toEqualTypeOf<ToolState>()
    expectTypeOf<Part<'source-url'>['url']>().toEqualTypeOf<string>()
    expectTypeOf<Part<'source-document'>['filename']>().toEqualTypeOf<string>()
    expectTypeOf<Part<'file'>['mediaType']>().toEqualTypeOf<string>()
    expectTypeOf<Part<'data'>['data']>().toEqualTypeOf<unknown>()
    if (isGrowing(part)) expectTypeOf(part.type).toEqualTypeOf<'text' | 'reasoning' | 'refusal'>()
    // @ts-expect-error a tool has no text
    if (part.type === 'tool') assertType(part.text)
  })

  it('is not changed by whoever shows it', () => {
    expectTypeOf<MessagePart>().toEqualTypeOf<Readonly<MessagePart>>()
    // @ts-expect-error messages are shared and not to be written to
    if (part.type === 'text') part.text = ''
  })
})

describe('an update', () => {
  it('is told apart by its type, and has a cursor whatever it is', () => {
    expectTypeOf(update.cursor).toEqualTypeOf<Cursor>()
    if (update.type === 'text') expectTypeOf(update.delta).toEqualTypeOf<string>()
    if (update.type === 'end') expectTypeOf(update.outcome).toEqualTypeOf<RunOutcome>()
    if (update.type === 'snapshot') expectTypeOf(update.parts).toEqualTypeOf<readonly MessagePart[]>()
    if (update.type === 'part') expectTypeOf(update.part.id).toEqualTypeOf<string>()
  })

  it('comes from an agent with the token to go on with', () => {
    type Streamed = ReturnType<Agent['runStreaming']> extends AsyncIterable<infer T> ? T : never
    expectTypeOf<Streamed['continuationToken']>().toEqualTypeOf<string | null>()
    expectTypeOf<Streamed>().toExtend<Update>()
  })
})

describe('an error', () => {
  it('has one of our codes', () => {
    expectTypeOf<'busy'>().toExtend<RejoinErrorCode>()
    if (isRejoinError(unknown)) expectTypeOf(unknown.code).toEqualTypeOf<RejoinErrorCode>()
    if (isErrorCode(unknown)) expectTypeOf(unknown).toEqualTypeOf<RejoinErrorCode>()
    expectTypeOf(describeError).toBeCallableWith('any code at all')
    // @ts-expect-error there is no such code
    assertType(new RejoinError('oops'))
  })

  it('is there exactly where a message was refused', () => {
    if (sent.accepted) expectTypeOf(sent.runId).toEqualTypeOf<string>()
    else expectTypeOf(sent.error).toEqualTypeOf<RejoinError>()
    // @ts-expect-error only when it was accepted
    assertType(sent.runId)
  })
})

describe('what is easily forgotten', () => {
  it('is asked for', () => {
    assertType(createEngine({ agent, user: null }))
    // @ts-expect-error whose runs they are
    assertType(createEngine({ agent }))
    assertType(proxyAgent({ url: '/api/agent', headers: { authorization: 'x' }, credentials: 'include' }))
    assertType(proxyAgent({ url: '/api/agent', headers: async () => ({ authorization: 'x' }) }))
    // @ts-expect-error where the proxy is
    assertType(proxyAgent({}))
  })
})
