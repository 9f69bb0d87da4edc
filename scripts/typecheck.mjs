import { spawnSync } from 'node:child_process'

const projects = [['-b'], ['-p', 'tsconfig.test.json'], ['-p', 'examples/chat'], ['-p', 'examples/polling'], ['-p', 'examples/resume']]
const failed = projects.filter((project) => {
  const { status } = spawnSync('tsc', [...project, ...process.argv.slice(2)], { stdio: 'inherit' })
  return status !== 0
})
if (failed.length > 0) process.exit(1)
