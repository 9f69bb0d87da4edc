import { spawnSync } from 'node:child_process'

const examples = ['chat', 'a2a', 'polling', 'resume'].map((name) => ['-p', `examples/${name}`])
const projects = [['-b'], ['-p', 'tsconfig.test.json'], ['-p', 'bench'], ...examples]
const failed = projects.filter((project) => {
  const { status } = spawnSync('tsc', [...project, ...process.argv.slice(2)], { stdio: 'inherit' })
  return status !== 0
})
if (failed.length > 0) process.exit(1)
