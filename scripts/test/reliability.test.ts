import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { matrix } from '../../e2e/chaos/matrix.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/reliability.md'), 'utf8')

describe('docs/reliability.md', () => {
  it('says of each fault what each engine can be made to do, as the fault machine has it', () => {
    expect(page).toContain(`\n${matrix()}\n`)
  })
})
