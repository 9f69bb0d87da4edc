import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isRejoinError, proxyAgent } from '@rejoin/core'

interface Entry {
  name: string
  nextHopProtocol?: string
}

const page = 'https://app.test/chat'
const limit = (url = '/api/agent', maxStreams?: number): number | undefined => proxyAgent({ url, maxStreams }).maxStreams?.()

function browser(...entries: Entry[]): void {
  vi.stubGlobal('document', { baseURI: page })
  vi.stubGlobal('performance', { getEntries: () => entries })
}

beforeEach(() => browser())
afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a proxy agent allows', () => {
  it('three streams where nothing is known', () => {
    expect(limit()).toBe(3)
  })

  it.each([
    ['http/1.1', 3],
    ['h2', Infinity],
    ['h3', Infinity],
    ['', 3],
  ])('over %j %d streams', (nextHopProtocol, streams) => {
    browser({ name: page, nextHopProtocol })
    expect(limit()).toBe(streams)
  })

  it('what the origin of the proxy speaks, not what others do', () => {
    browser(
      { name: 'https://api.test/api/agent/runs', nextHopProtocol: 'http/1.1' },
      { name: page, nextHopProtocol: 'h2' },
      { name: 'https://api.test.evil/x', nextHopProtocol: 'h2' },
      { name: 'h2' },
    )
    expect([limit(), limit('https://api.test/api/agent'), limit('https://unknown.test')]).toEqual([Infinity, 3, 3])
  })

  it('what was spoken last, where that is known', () => {
    browser({ name: page, nextHopProtocol: 'http/1.1' }, { name: 'https://app.test/a.js', nextHopProtocol: 'h2' }, { name: 'https://app.test/b.js', nextHopProtocol: '' })
    expect(limit()).toBe(Infinity)
  })

  it('what it is told', () => {
    browser({ name: page, nextHopProtocol: 'h2' })
    expect([limit('/api/agent', 1), limit('/api/agent', Infinity)]).toEqual([1, Infinity])
  })

  it('three in a frame whose address says nothing', () => {
    vi.stubGlobal('document', { baseURI: 'about:blank' })
    expect(limit()).toBe(3)
  })

  it('three in a page that keeps no times', () => {
    vi.stubGlobal('performance', {})
    expect(limit()).toBe(3)
  })

  it('as many as there are outside of a page', () => {
    vi.stubGlobal('document', undefined)
    expect(limit()).toBe(Infinity)
  })
})

describe('a limit of streams', () => {
  it.each([Number.NaN, -1, 2.5, -Infinity])('of %d is refused at once, and it is said what would fit', (maxStreams) => {
    let refusal: unknown
    try {
      proxyAgent({ url: '/api/agent', maxStreams })
    } catch (error) {
      refusal = error
    }
    expect(isRejoinError(refusal) && [refusal.code, refusal.message]).toEqual(['invalid_request', expect.stringMatching(/maxStreams.*whole number/)])
  })

  it.each([0, 1, Number.MAX_SAFE_INTEGER, Infinity])('of %d is taken', (maxStreams) => {
    expect(limit('/api/agent', maxStreams)).toBe(maxStreams)
  })
})
