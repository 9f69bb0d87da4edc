import { type Agent } from '@rejoin/core'
import {
  faultPlan,
  faultyFetch,
  handlerFetch,
  responsesEmulator,
  scriptedAgent,
  type FaultKind,
  type Fetch,
  type ResponsesEmulator,
  type ResponsesRequest,
  type ScriptStep,
} from '@rejoin/testkit'
import { agentContract, type AgentContractSubject } from '@rejoin/testkit/contract'
import { serve, type Server } from '@rejoin/testkit/server'
import { assertType, describe, expectTypeOf, it } from 'vitest'

declare const subject: AgentContractSubject

describe('a script', () => {
  it('is text, updates without cursors, time and faults', () => {
    expectTypeOf(scriptedAgent({ steps: ['Be', { wait: 100 }, { cut: true }, { endOfStream: true }, 'cause.'] })).toExtend<Agent>()
    assertType<ScriptStep>({ type: 'progress', step: { id: 'a', label: 'A', state: 'active' } })
    assertType<ScriptStep>({ type: 'part', part: { type: 'tool', id: 't', name: 'search', state: 'input-available' } })
    // @ts-expect-error the cursor is the script's affair
    assertType<ScriptStep>({ type: 'text', delta: 'Be', cursor: '0000.0000000001' })
    // @ts-expect-error the outcome says how it ends
    assertType<ScriptStep>({ type: 'end', outcome: { type: 'completed' }, elapsedMs: 0 })
    // @ts-expect-error no such state
    assertType<ScriptStep>({ type: 'part', part: { type: 'tool', id: 't', name: 'search', state: 'done' } })
  })

  it('may follow from the question', () => {
    scriptedAgent((question) => {
      expectTypeOf(question).toEqualTypeOf<string>()
      return { steps: [question], outcome: { type: 'failed', code: 'overloaded' } }
    })
    // @ts-expect-error a failure has a code
    scriptedAgent({ steps: [], outcome: { type: 'failed' } })
  })
})

describe('the emulator', () => {
  it('is given output of kinds it knows', () => {
    assertType(responsesEmulator({ answer: { output: [{ type: 'message', text: ['Because ', { wait: 10 }, 'it is there.'] }] } }))
    // @ts-expect-error no such kind
    responsesEmulator({ answer: { output: [{ type: 'essay', text: 'Because' }] } })
    // @ts-expect-error no such server
    responsesEmulator({ answer: { output: [] }, profile: 'mainframe' })
  })

  it('is asked with what the request holds', () => {
    const emulator = responsesEmulator({
      answer(request) {
        expectTypeOf(request).toEqualTypeOf<ResponsesRequest>()
        return { output: [{ type: 'message', text: request.model }] }
      },
    })
    expectTypeOf(emulator).toEqualTypeOf<ResponsesEmulator>()
  })

  it('is a handler, behind a fetch or a port', () => {
    const { handler } = responsesEmulator({ answer: { output: [] } })
    expectTypeOf(handlerFetch(handler)).toEqualTypeOf<Fetch>()
    expectTypeOf(serve).returns.resolves.toEqualTypeOf<Server>()
    assertType(serve(handler))
  })
})

describe('faults', () => {
  it('are planned by kinds, and played on a fetch', () => {
    const plan = faultPlan(7, { kinds: ['cut', 'stall'], requests: 3 })
    expectTypeOf(faultyFetch(fetch, plan)).toExtend<Fetch>()
    expectTypeOf<'cut'>().toExtend<FaultKind>()
    // @ts-expect-error no such kind
    faultPlan(7, { kinds: ['flood'] })
  })
})

describe('the contract', () => {
  it('is cases for any test runner', () => {
    const { cases, leftOut } = agentContract(subject)
    for (const { name, run } of cases) {
      expectTypeOf(name).toEqualTypeOf<string>()
      expectTypeOf(run).returns.toEqualTypeOf<Promise<void>>()
    }
    for (const { because } of leftOut) expectTypeOf(because).toEqualTypeOf<string>()
  })
})
