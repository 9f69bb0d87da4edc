import assert from 'node:assert/strict'
import { type Agent } from '@rejoin/core'
import { type BenchRun } from './bench.ts'
import { type Leg } from './leg.ts'

/** A stream may be over before its run. More of them in a row than this bring nothing. */
const mostStreams = 5

/** Reads a run to its end as a client does: where a stream ends without one, it goes on. */
export async function followToEnd(run: BenchRun, first: Leg, agent?: Agent): Promise<Leg> {
  let leg = await first.rest()
  for (let streams = 1; leg.updates.at(-1)?.type !== 'end'; streams += 1) {
    assert.ok(streams < mostStreams, `After ${streams} streams the run has not ended.`)
    leg = await run.resume(leg.place, agent).rest()
  }
  return leg
}
