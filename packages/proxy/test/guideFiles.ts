import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeBlocks } from '../../../scripts/docs/codeBlocks.mjs'

const docs = join(import.meta.dirname, '../../../docs')

/**
 * The files of a guide, as they stand in it, with others in the place of some. Below docs, so that they find what
 * docs/package.json installs.
 */
export function guideFiles(guide: string, others: Readonly<Record<string, string>> = {}): { path(name: string): string; remove(): void } {
  const page = readFileSync(join(docs, guide), 'utf8')
  const folder = mkdtempSync(join(docs, '.guide-'))
  const files = codeBlocks(page).flatMap(({ title, text }): [string, string][] => (title === null ? [] : [[title, text]]))
  for (const [name, text] of [...files, ...Object.entries(others)]) writeFileSync(join(folder, name), text)
  return { path: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true }) }
}
