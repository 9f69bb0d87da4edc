import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { blockFiles } from '../docs/blockFiles.mjs'
import { checkCode } from '../docs/checkCode.mjs'
import { differences } from '../docs/differences.mjs'
import { namedPages } from '../docs/namedPages.mjs'

const block = (info: string, ...lines: string[]): string => ['```' + info, ...lines, '```', ''].join('\n')

/** Where a piece of code stands in a file, counted from 1. */
function lineOf(text: string, piece: string): number {
  return text.split('\n').findIndex((line) => line.includes(piece)) + 1
}

describe('blockFiles', () => {
  it('gives a line of code the number it has in the page', () => {
    const page = `# Title\n\nText.\n\n${block('ts', 'const a = 1', 'const b = a')}`
    const [file] = blockFiles(page)
    expect(file?.path).toBe('line-6.ts')
    expect(lineOf(file?.text ?? '', 'const b')).toBe(lineOf(page, 'const b'))
  })

  it('takes TypeScript only, and leaves out a block that says why', () => {
    const page = block('sh', 'npm start') + block('ts unchecked="it is half of a line"', 'broken(') + block('tsx', '<p />')
    expect(blockFiles(page).map(({ path }) => path)).toEqual(['line-8.tsx'])
  })

  it('refuses a block that is left out without a reason', () => {
    expect(() => blockFiles(block('ts unchecked=""', 'broken('))).toThrow('Line 1: a block that is not checked says why')
  })

  it('puts a block with a title where it says it is', () => {
    expect(blockFiles(block('ts title="src/agent.ts"', 'export const a = 1'))).toMatchObject([{ path: 'src/agent.ts' }])
  })

  it('lets a block use what an earlier one has imported, unless it has a name of its own for it', () => {
    const page =
      block('ts', "import React, { type Key, useId as id } from 'react'", "import { b } from './b.ts'") +
      block('ts', 'id()') +
      block('ts', 'const id = 1', 'type Key = 2')
    const [, second, third] = blockFiles(page).map(({ text }) => text.split('\n')[0])
    expect(second).toBe("import React from 'react'; import { type Key } from 'react'; import { useId as id } from 'react';")
    expect(third).toBe("import React from 'react';")
  })

  it('does not take markup behind an empty line for a comparison', () => {
    const [file] = blockFiles(block('tsx', 'const a = b()', '', '<p />'))
    expect(file?.text).toContain('const a = b()\n;\n<p />')
  })
})

const root = join(import.meta.dirname, '../..')

describe('checkCode', () => {
  it('counts what is wrong in what the pages take for granted', { timeout: 30_000 }, async () => {
    const ambient = join(folder({ 'broken.d.ts': "import { type Agent } from 'of-nobody'\n\ndeclare global {\n  const agent: Agent\n}\n" }), 'broken.d.ts')
    const { errors } = await checkCode(root, [], { ambient: [ambient] })
    expect(errors).toEqual([expect.stringMatching(/broken\.d\.ts:1 .*of-nobody/)])
  })
})

describe('npm run docs -- --check', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind on %s', { timeout: 30_000 }, async (signal) => {
    const temporary = folder({})
    const child = spawn('node', ['scripts/docs.mjs', '--check'], { cwd: root, env: { ...process.env, TMPDIR: temporary }, stdio: 'ignore' })
    const exit = once(child, 'exit')
    const left = (): string[] => [
      ...readdirSync(temporary).filter((name) => name.startsWith('rejoin-docs-')),
      ...readdirSync(join(root, 'docs')).filter((name) => name.startsWith(`.check-${child.pid}-`)),
    ]
    await vi.waitFor(() => expect(left()).toHaveLength(2), { timeout: 20_000, interval: 10 })
    child.kill(signal)
    expect(await exit).toEqual([signal === 'SIGINT' ? 130 : 143, null])
    expect(left()).toEqual([])
  })
})

describe('namedPages', () => {
  it('are those whose path stands in a text as code', () => {
    const page = 'See agents (`docs/agents.md`).\n\n`npm run docs`, `docs`, [`docs/api`](api)\n\n```sh\ncat docs/none.md\n```\n'
    expect(namedPages(page)).toEqual([
      { path: 'docs/agents.md', line: 1 },
      { path: 'docs/api', line: 3 },
    ])
  })
})

describe('differences', () => {
  it('names what is not the same, and what only one of two folders has', () => {
    const [one, other] = [folder({ 'same.md': 'a', 'changed.md': 'a', 'old.md': '' }), folder({ 'same.md': 'a', 'changed.md': 'b', 'new.md': '' })]
    expect(differences(one, other)).toEqual(['changed.md', 'new.md', 'old.md'])
  })
})

function folder(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rejoin-docs-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}
