import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where the server keeps what has to outlive it, made where it is missing. */
export function dataFolder(): string {
  const folder = process.env.DATA_FOLDER || fileURLToPath(new URL('../.data', import.meta.url))
  mkdirSync(folder, { recursive: true })
  return folder
}
