import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const css = readFileSync(join(import.meta.dirname, '../src/theme.css'), 'utf8')
const rules = css.replaceAll(/\/\*[^]*?\*\//g, '')

/** Relative luminance, as WCAG 2 has it. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

function colour(name: string, scheme: number): string {
  const [, light, dark] = new RegExp(`--rejoin-${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css) ?? []
  const value = [light, dark][scheme]
  if (value === undefined) throw new Error(`The theme has no colour "${name}".`)
  return value
}

describe.each([
  ['light', 0],
  ['dark', 1],
])('the %s theme', (_name, scheme) => {
  it.each([
    ['text', 'surface', 4.5],
    ['text', 'raised', 4.5],
    ['muted', 'surface', 4.5],
    ['accent', 'surface', 4.5],
    ['on-accent', 'accent', 4.5],
    ['danger', 'surface', 4.5],
    ['control', 'surface', 3],
  ])('has enough contrast of %s on %s', (front, back, least) => {
    expect(contrast(colour(front, scheme), colour(back, scheme))).toBeGreaterThanOrEqual(least)
  })
})

describe('the theme', () => {
  it('is in one layer and has no specificity, so that any rule of the page wins', () => {
    expect(rules.trim()).toMatch(/^@layer rejoin \{[^]*\}$/)
    const selectors = [...rules.matchAll(/^ +([^@{}\n]+) \{$/gm)].map(([, selector = '']) => selector)
    const own = selectors.filter((selector) => selector !== '50%' && selector !== 'from')
    expect(own.length).toBeGreaterThan(30)
    for (const selector of own) expect(selector).toMatch(/^:where\(.+\)(::[a-z]+)?$/)
    expect(rules).not.toContain('!important')
  })

  it('moves nothing for who wants less motion', () => {
    expect(rules).toMatch(/@media \(prefers-reduced-motion: reduce\) \{[^}]*animation: none/)
  })

  it('knows every part', () => {
    const inMessages = ['text', 'reasoning', 'refusal', 'tool', 'sources', 'source', 'file', 'request', 'answer']
    for (const part of ['root', 'messages', 'message', ...inMessages, 'progress', 'status', 'reconnect', 'composer', 'input', 'send', 'stop', 'attach', 'attachments', 'run-list', 'run']) {
      expect(rules).toContain(`[data-chat-part='${part}']`)
    }
  })
})
