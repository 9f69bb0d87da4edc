import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Seals tokens. Made once and kept, so that a server that is started again can open those of the one before. */
export function secretIn(folder: string): string {
  if (process.env.REJOIN_SECRET) return process.env.REJOIN_SECRET
  const file = join(folder, 'secret')
  if (existsSync(file)) return readFileSync(file, 'utf8')
  const made = `${file}-${process.pid}`
  try {
    // Whole before it has its name: a process that dies, or is faster, must not leave half of it.
    writeFileSync(made, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true })
    linkSync(made, file)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(made, { force: true })
  }
  return readFileSync(file, 'utf8')
}
