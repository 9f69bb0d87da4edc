import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** The page is built once for all specs. */
export default function buildExample(): void {
  execFileSync('vite', ['build', '--logLevel', 'warn'], { cwd: join(import.meta.dirname, '../examples/chat'), stdio: 'inherit' })
}
