import { startCursor } from '@rejoin/core'
import { memoryEventLog } from '@rejoin/proxy'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { completed, delta, eventLogContract, readAll } from './eventLogContract.ts'

eventLogContract('memoryEventLog', () => memoryEventLog())

describe('memoryEventLog', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('keeps a run for the retention after its end, and a running one for as long as it runs', async () => {
    const log = memoryEventLog({ retentionMs: 1_000 })
    await log.create('ended')
    await log.create('running')
    vi.advanceTimersByTime(5_000)
    await log.append('ended', [completed])
    vi.advanceTimersByTime(999)
    expect(await log.peek('ended')).not.toBeNull()
    vi.advanceTimersByTime(1)
    expect(await log.peek('ended')).toBeNull()
    await expect(readAll(log, 'ended')).rejects.toMatchObject({ code: 'expired' })
    expect(await log.peek('running')).not.toBeNull()
    expect(await log.create('ended')).toBe(true)
  })

  test('keeps a run that waits for as long as somebody holds it, and for the retention after that', async () => {
    const log = memoryEventLog({ retentionMs: 1_000 })
    const lease = { holder: 'me', ms: 500 }
    for (const key of ['held', 'left']) {
      await log.create(key, { lease })
      await log.append(key, [{ type: 'pause', reason: 'input', elapsedMs: 1 }])
    }
    for (let n = 0; n < 5; n += 1) {
      vi.advanceTimersByTime(500)
      await log.hold('held', lease)
      await log.create(`${n}`)
    }
    expect(await log.peek('left')).toBeNull()
    expect(await log.peek('held')).not.toBeNull()
    vi.advanceTimersByTime(3_000)
    await log.create('later')
    expect(await log.peek('held')).toBeNull()
  })

  test('drops the logs that ended first when all together grow too large', async () => {
    const log = memoryEventLog({ maxBytes: 5_000 })
    for (const key of ['first', 'second', 'third']) {
      await log.create(key)
      await log.append(key, [delta('x'.repeat(2_000)), completed])
    }
    expect(await log.peek('first')).toBeNull()
    expect(await log.peek('second')).not.toBeNull()
    expect(await log.peek('third')).not.toBeNull()
  })

  test('gives a reader far behind its backlog piece by piece', async () => {
    const log = memoryEventLog()
    await log.create('run')
    await log.append('run', Array.from({ length: 10_000 }, () => delta('x')))
    await log.append('run', [completed])
    const lengths: number[] = []
    for await (const slice of log.read('run', startCursor)) lengths.push(slice.length)
    expect(lengths).toEqual([4_096, 4_096, 1_809])
  })
})
