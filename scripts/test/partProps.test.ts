import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { partProps } from '../../.storybook/partProps.ts'

const sources = join(import.meta.dirname, '../../packages/react/src')
const files = [...readdirSync(join(sources, 'parts')).map((file) => join(sources, 'parts', file)), join(sources, 'BackgroundAgentChat.tsx')]
const parts = files.filter((file) => file.endsWith('.tsx') && !file.endsWith('.stories.tsx') && readFileSync(file, 'utf8').includes(': Part<'))

function typed(code: string, id: string): string | null {
  const { transform } = partProps()
  if (typeof transform !== 'function') throw new Error('The plugin has no transform.')
  const result: unknown = Reflect.apply(transform, undefined, [code, id])
  return typeof result === 'object' && result !== null && 'code' in result ? String(result.code) : null
}

describe('partProps', () => {
  it('finds the props of each part, except where there are none of its own', () => {
    const form = /part\(\s*'[\w.]+',\s*\((?:\{[^}]*\}|\w+): [\w &]+, ref\)/
    const without = parts.filter((file) => !form.test(typed(readFileSync(file, 'utf8'), file) ?? ''))
    expect(without.map((file) => basename(file)).toSorted()).toEqual(['Attachments.tsx', 'Progress.tsx', 'Reconnect.tsx', 'Send.tsx', 'Stop.tsx'])
  })

  it('fails the build where it does not find them', () => {
    const file = join(sources, 'parts/Tool.tsx')
    const code = readFileSync(file, 'utf8').replace("part(\n  'Chat.Tool'", "part<HTMLDivElement, Other>(\n  'Chat.Tool'")
    expect(() => typed(code, file)).toThrow('no props of the part in Tool.tsx')
    const inline = readFileSync(file, 'utf8').replace("PartProps<'div', ToolOwnProps>", "PartProps<'div', { part: ToolPart }>")
    expect(() => typed(inline, file)).toThrow('no props of the part in Tool.tsx')
  })
})
