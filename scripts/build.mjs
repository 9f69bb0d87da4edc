import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, rmSync } from 'node:fs'

for (const dist of globSync('packages/*/dist')) rmSync(dist, { recursive: true })

const { status } = spawnSync('tsc', ['-b', ...process.argv.slice(2)], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

// A style sheet has nothing to say of itself, but TypeScript wants to find types where it is imported.
for (const css of globSync('packages/*/src/**/*.css{,.d.ts}')) copyFileSync(css, css.replace('/src/', '/dist/'))
