import { memoryRunRegistry } from '@rejoin/proxy'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { registryContract } from './registryContract.ts'

registryContract('memoryRunRegistry', () => memoryRunRegistry())

describe('memoryRunRegistry', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const limits = { maxRunsPerCaller: 100, again: false }
  const run = (n: number) => ({ user: 'ada', runId: `run-${n}`, session: `${n}` })

  test('forgets a record when it has not changed for the retention, active ones too', async () => {
    const registry = memoryRunRegistry({ retentionMs: 1_000 })
    await registry.begin(run(1), limits)
    await registry.begin(run(2), limits)
    vi.advanceTimersByTime(600)
    await registry.running(run(2), 'handle')
    vi.advanceTimersByTime(600)
    expect(await registry.get(run(1))).toBeNull()
    expect(await registry.get(run(2))).not.toBeNull()
    expect((await registry.list('ada')).map(({ runId }) => runId)).toEqual(['run-2'])
    expect(await registry.begin({ ...run(3), session: '1' }, limits)).toEqual({ type: 'started' })
  })

  test('holds no more records than its limit: the oldest go, ended ones first', async () => {
    const registry = memoryRunRegistry({ maxRecords: 3 })
    await registry.begin(run(1), limits)
    await registry.cancel(run(2))
    await registry.cancel(run(3))
    await registry.begin(run(4), limits)
    const known = async (): Promise<boolean[]> =>
      await Promise.all([1, 2, 3, 4, 5].map(async (n) => (await registry.get(run(n))) !== null))
    expect(await known()).toEqual([true, false, true, true, false])
    await registry.begin(run(5), limits)
    expect(await known()).toEqual([true, false, false, true, true])
    await registry.begin(run(6), limits)
    expect(await known()).toEqual([false, false, false, true, true])
  })
})
