import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')
const files = globSync('**/*.{ts,tsx}', { cwd: src, exclude: ['**/*.stories.tsx'] })
const read = (file: string): string => readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '')
const isClient = (file: string): boolean => read(file).startsWith("'use client'\n")

describe("'use client'", () => {
  it('stands in every file that uses hooks, contexts or handlers', () => {
    const needs = /\b(use[A-Z]\w+|createContext|part)(<[^>]*>)?\(/
    const wanting = files.filter((file) => file !== 'parts/part.ts' && needs.test(read(file)) && !isClient(file))
    expect(wanting).toEqual([])
    expect(files.filter(isClient).length).toBeGreaterThan(15)
  })

  it('stands in no index, so that a server component can write <Chat.Root>', () => {
    expect(files.filter((file) => file.endsWith('index.ts')).filter(isClient)).toEqual([])
  })
})
