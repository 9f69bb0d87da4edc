import { execFileSync } from 'node:child_process'
import { folderOf } from './exampleServer.ts'

/** The pages are built once for all specs. */
export default function buildExamples(): void {
  for (const name of ['chat', 'a2a'] as const) {
    execFileSync('vite', ['build', '--logLevel', 'warn'], { cwd: folderOf(name), stdio: 'inherit' })
  }
}
