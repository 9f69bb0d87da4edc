import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'

/** The page's files by their paths: `/index.html`. */
export type Bundle = ReadonlyMap<string, string>

/** Builds the page that plans are played on. */
export async function bundlePage(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-chaos-page-'))
  try {
    await build({ root: join(import.meta.dirname, 'page'), logLevel: 'error', configFile: false, build: { outDir: folder, emptyOutDir: true } })
    const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    const files = names.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [path.slice(folder.length), await readFile(path, 'utf8')] as const
    })
    return new Map(await Promise.all(files))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
