import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compact, cursorOf, hasEnded, isClosing, isGrowing, lengthOf, newRun, reduce, shownParts, startCursor } from '@rejoin/core'
import type { ConnectionEvent, MessagePart, Run, RunEvent, Update } from '@rejoin/core'
import { anyConnection, anyEvents, anyLog, anyParts, anyText, anyUpdate } from './arbitraries.ts'
import { runStart } from './runStoreContract.ts'
import { tries } from './tries.ts'

const fresh = newRun(runStart('a'))
const all = (events: readonly RunEvent[], run: Run = fresh): Run => events.reduce(reduce, run)
const shownLength = (run: Run): number => lengthOf(shownParts(run))

/** What has been told of the run, whatever has become of the connection. */
const told = ({ cursor, parts, floor, steps, phase, conversation }: Run): Partial<Run> => ({ cursor, parts, floor, steps, phase, conversation })

/** So that whoever changes it is caught. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) frozen(inner)
    Object.freeze(value)
  }
  return value
}

interface Step {
  readonly before: Run
  readonly event: RunEvent
  readonly after: Run
}

/** The steps of what happens to a run that are not as they should be. */
function wrongSteps(events: readonly RunEvent[], isRight: (step: Step) => boolean): Step[] {
  let before = fresh
  return events.flatMap((event) => {
    const step = { before, event, after: reduce(before, event) }
    before = step.after
    return isRight(step) ? [] : [step]
  })
}

function isConnection(event: RunEvent): event is ConnectionEvent {
  return event.type === 'connection' || event.type === 'connected' || event.type === 'polled'
}

/** By how much a part that takes the place of another is shorter than that. */
function shrinks({ parts }: Run, part: MessagePart): number {
  const old = parts.findLast(({ id }) => id === part.id)
  return old === undefined ? 0 : Math.max(0, lengthOf([old]) - lengthOf([part]))
}

/** Whether of a list no more than `count` are new, and all of it is shared where none is. */
function shares<T>(before: readonly T[], after: readonly T[], count: number): boolean {
  const changed = after.filter((one) => !before.includes(one)).length
  return changed <= count && (changed > 0 || after === before)
}

describe('reduce, whatever happens to a run', () => {
  it('changes neither the run nor the event that it is given', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        expect(() => frozen(events).reduce((run, event) => frozen(reduce(run, event)), frozen(fresh))).not.toThrow()
      }),
      tries(400),
    )
  })

  it('never lets the cursor fall (row 10)', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        expect(wrongSteps(events, ({ before, after }) => after.cursor >= before.cursor)).toEqual([])
      }),
      tries(400),
    )
  })

  it('makes what is shown shorter only by a part in the place of a longer one, or by a completed answer (row 10)', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const wrong = wrongSteps(events, ({ before, event, after }) => {
          if (event.type === 'end' && event.outcome.type === 'completed') return true
          const allowed = event.type === 'part' ? shrinks(before, event.part) : 0
          return shownLength(after) >= shownLength(before) - allowed
        })
        expect(wrong).toEqual([])
      }),
      tries(400),
    )
  })

  it('adds the text of a delta to one part, and leaves every other word where it was', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const wrong = wrongSteps(events, ({ before, event, after }) => {
          if (!('delta' in event) || event.cursor <= before.cursor || hasEnded(before)) return true
          const at = after.parts.findIndex((part, index) => part !== before.parts[index])
          const part = after.parts[at]
          const old = before.parts[at]
          const words = old !== undefined && isGrowing(old) ? old.text : ''
          return part !== undefined && isGrowing(part) && part.type === event.type && part.id === event.id && part.text === words + event.delta
        })
        expect(wrong).toEqual([])
      }),
      tries(400),
    )
  })

  it('passes over what the cursor has passed, ends excepted (row 10)', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const wrong = wrongSteps(events, ({ before, event, after }) => {
          if (isConnection(event) || event.type === 'end') return true
          const passed = event.cursor < before.cursor || (event.cursor === before.cursor && event.type !== 'pause')
          return !passed || after === before
        })
        expect(wrong).toEqual([])
      }),
      tries(400),
    )
  })

  it('takes an end whatever its cursor, and nothing after it (rows 23, 26)', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const wrong = wrongSteps(events, ({ before, event, after }) => {
          return hasEnded(before) ? after === before : hasEnded(after) === (event.type === 'end')
        })
        expect(wrong).toEqual([])
      }),
      tries(400),
    )
  })

  it('keeps a run that is being stopped at `stopping` until it ends, or the stop needs a sign-in', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const wrong = wrongSteps(events, ({ before, event, after }) => {
          const needsSignIn = after.state.type === 'paused' && after.state.reason === 'unauthorized'
          return before.state.type !== 'stopping' || event.type === 'end' || after.state.type === 'stopping' || needsSignIn
        })
        expect(wrong).toEqual([])
      }),
      tries(400),
    )
  })

  it('leaves the content to updates: no connection changes it', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const wrong = wrongSteps(events, ({ before, event, after }) => {
          if (!isConnection(event)) return true
          return after.parts === before.parts && after.floor === before.floor && after.cursor === before.cursor && after.conversation === before.conversation
        })
        expect(wrong).toEqual([])
      }),
      tries(400),
    )
  })

  it('shares what did not change: all parts but the one that is told of, and all steps but one', () => {
    const tellsAll = (event: RunEvent, name: 'parts' | 'steps'): boolean => event.type === 'snapshot' || event.type === 'end' || name in event
    fc.assert(
      fc.property(anyEvents, (events) => {
        const wrong = wrongSteps(events, ({ before, event, after }) => {
          const parts = tellsAll(event, 'parts') || shares(before.parts, after.parts, event.type === 'part' || 'delta' in event ? 1 : 0)
          const steps = tellsAll(event, 'steps') || shares(before.steps, after.steps, event.type === 'progress' ? 1 : 0)
          return after.start === before.start && parts && steps
        })
        expect(wrong).toEqual([])
      }),
      tries(400),
    )
  })

  it('makes plain data: what comes of a clone at any moment is what comes of the run itself (row 61)', () => {
    fc.assert(
      fc.property(anyEvents, anyEvents, (before, after) => {
        const run = all(before)
        expect(structuredClone(run)).toEqual(run)
        expect(all(structuredClone(after), structuredClone(run))).toEqual(all(after, run))
      }),
      tries(500),
    )
  })

  it('moves the cursor for what only a newer version knows, and nothing else (row 33)', () => {
    fc.assert(
      fc.property(anyEvents, anyUpdate, (events, update) => {
        const run = all(events)
        const strange: Update = JSON.parse(JSON.stringify({ ...update, type: 'hologram', cursor: cursorOf(9, 9) }))
        expect(reduce(run, strange)).toEqual(hasEnded(run) ? run : { ...run, cursor: cursorOf(9, 9) })
      }),
      tries(300),
    )
  })
})

/**
 * A log as legs bring it: each begins anywhere in what has come already, as a replay or where two legs overlap, and breaks off
 * anywhere; the last one brings the rest. Between them, what befalls a connection.
 */
const anyDelivery = anyLog().chain((log) =>
  fc.array(fc.tuple(fc.nat(log.length), fc.nat(log.length), fc.array(anyConnection.filter(({ type }) => type !== 'polled'), { maxLength: 2 })), { maxLength: 6 }).map((legs) => {
    const events: RunEvent[] = []
    let reached = 0
    for (const [from, to, between] of [...legs, [reached, log.length, []] as const]) {
      const begins = Math.min(from, reached)
      const ends = Math.max(begins, to)
      events.push(...log.slice(begins, ends), ...between)
      reached = Math.max(reached, ends)
    }
    return { log, events }
  }),
)

describe('a run that comes in any number of legs', () => {
  it('is told as if it had come in one: replays and duplicated legs do nothing (rows 10, 61)', () => {
    fc.assert(
      fc.property(anyDelivery, ({ log, events }) => {
        expect(told(all(events))).toEqual(told(all(log)))
      }),
      tries(1_000),
    )
  })

  it('is what it was when all of it comes a second time', () => {
    fc.assert(
      fc.property(anyLog(), (log) => {
        expect(all(log, all(log))).toEqual(all(log))
      }),
      tries(300),
    )
  })
})

/** A log in batches, some of them empty. */
const anyBatches = anyLog().chain((log) =>
  fc.array(fc.nat(log.length), { maxLength: 6 }).map((cuts) => {
    const ends = [...cuts.toSorted((a, b) => a - b), log.length]
    return { log, batches: ends.map((end, at) => log.slice(ends[at - 1] ?? 0, end)) }
  }),
)

/** A run in which something is on the screen, which a snapshot may fall behind, and nothing of the log has come. */
const anyBefore: fc.Arbitrary<Run> = fc
  .tuple(anyParts, fc.option(anyParts), fc.array(anyConnection, { maxLength: 3 }))
  .map(([parts, floor, events]) => all(events, { ...fresh, cursor: startCursor, parts, floor }))

describe('compact', () => {
  it('changes nothing that reduce can see, in whatever batches a log comes (row 72)', () => {
    fc.assert(
      fc.property(anyBatches, anyBefore, ({ log, batches }, before) => {
        expect(all(batches.flatMap(compact), before)).toEqual(all(log, before))
      }),
      tries(2_000),
    )
  })

  it('can be applied again to what comes of it, as the store does (row 72)', () => {
    fc.assert(
      fc.property(anyBatches, anyBefore, ({ log, batches }, before) => {
        const once = batches.map(compact)
        expect(all(compact(once.flat()), before)).toEqual(all(log, before))
        const later = [...once.slice(0, 2), compact(once.slice(2).flat())]
        expect(all(later.flat(), before)).toEqual(all(log, before))
      }),
      tries(1_000),
    )
  })

  it('leaves each batch where it ended: who reads a stored log stands where the reader stood', () => {
    fc.assert(
      fc.property(anyBatches, ({ batches }) => {
        let plain = fresh
        let stored = fresh
        for (const batch of batches) {
          plain = all(batch, plain)
          stored = all(compact(batch), stored)
          expect(stored).toEqual(plain)
        }
      }),
      tries(500),
    )
  })

  it('makes a log no longer, and keeps all that closes a leg', () => {
    fc.assert(
      fc.property(anyLog(), (log) => {
        const joined = compact(log)
        expect(joined.length).toBeLessThanOrEqual(log.length)
        expect(joined.filter(isClosing)).toEqual(log.filter(isClosing))
      }),
      tries(500),
    )
  })

  it('changes neither the updates nor their list', () => {
    fc.assert(
      fc.property(anyLog(), (log) => {
        expect(() => compact(frozen(log))).not.toThrow()
      }),
      tries(200),
    )
  })

  it('joins deltas that say more of one part to one update, whatever their text (row 72)', () => {
    const ids = fc.option(fc.constantFrom('a', 'b'), { nil: undefined })
    fc.assert(
      fc.property(fc.array(anyText(), { minLength: 1 }), ids, (texts, id) => {
        const deltas = texts.map((delta, at): Update => ({ type: 'text', cursor: cursorOf(0, at + 1), delta, ...(id !== undefined && { id }) }))
        expect(compact(deltas)).toEqual([{ ...deltas.at(-1), delta: texts.join('') }])
      }),
      tries(200),
    )
  })
})
