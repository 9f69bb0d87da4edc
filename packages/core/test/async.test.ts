import { describe, expect, it, vi } from 'vitest'
import { abortable, delay, linkedAbort } from '@rejoin/core'

const reason = new DOMException('Enough.', 'AbortError')

/** Counts what stands on a signal. */
function watched(): { controller: AbortController; listeners(): number } {
  const controller = new AbortController()
  const add = vi.spyOn(controller.signal, 'addEventListener')
  const remove = vi.spyOn(controller.signal, 'removeEventListener')
  return { controller, listeners: () => add.mock.calls.length - remove.mock.calls.length }
}

describe('abortable', () => {
  it('gives what the promise gives and leaves no listener', async () => {
    const { controller, listeners } = watched()
    await expect(abortable(Promise.resolve(1), controller.signal)).resolves.toBe(1)
    await expect(abortable(Promise.reject(new RangeError('no')), controller.signal)).rejects.toThrow(RangeError)
    expect(listeners()).toBe(0)
  })

  it('rejects with the reason though the promise never settles', async () => {
    const controller = new AbortController()
    const waiting = abortable(new Promise(() => {}), controller.signal)
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })

  it('hears a rejection that comes after the abort, or before it was asked', async () => {
    const unheard: unknown[] = []
    const note = (error: unknown): void => void unheard.push(error)
    process.on('unhandledRejection', note)
    const late = Promise.withResolvers<void>()
    await expect(abortable(late.promise, AbortSignal.abort(reason))).rejects.toBe(reason)
    late.reject(new Error('late'))
    await new Promise((resolve) => setTimeout(resolve))
    process.off('unhandledRejection', note)
    expect(unheard).toEqual([])
  })
})

describe('delay', () => {
  it('ends with its signal, at once, and leaves no timer and no listener', async () => {
    vi.useFakeTimers()
    const { controller, listeners } = watched()
    const done = delay(10, controller.signal)
    await vi.advanceTimersByTimeAsync(10)
    await done
    expect(listeners()).toBe(0)
    const cut = delay(10_000, controller.signal)
    controller.abort(reason)
    await expect(cut).rejects.toBe(reason)
    await expect(delay(10, controller.signal)).rejects.toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})

describe('linkedAbort', () => {
  it('follows its parent until it is released', () => {
    const parent = new AbortController()
    const followed = linkedAbort(parent.signal)
    const released = linkedAbort(parent.signal)
    released.release()
    parent.abort(reason)
    expect(followed.signal.reason).toBe(reason)
    expect(released.signal.aborted).toBe(false)
    expect(linkedAbort(parent.signal).signal.aborted).toBe(true)
  })
})
