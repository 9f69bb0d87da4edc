import { freePort } from '../exampleServer.ts'
import { expect, test } from './fixtures.ts'
import { survivesReload } from './survivesReload.ts'

test.use({ follows: { name: 'getting-started-vite.md' } })

test('a fresh Vite app that follows the page type-checks, with the types of the packages', async ({ app }) => {
  expect(await app.run('node_modules/.bin/tsc -p tsconfig.app.json --strict --skipLibCheck false')).toBe('')
  expect(await app.run('node_modules/.bin/tsc -p tsconfig.node.json --strict')).toBe('')
})

test('a fresh Vite app, built for production, goes on with an answer after a reload', async ({ app, page }) => {
  await app.run('npm run build')
  const program = await app.start('node --env-file=.env.local server.ts')
  try {
    await survivesReload(page, `http://127.0.0.1:${app.port}`, program)
  } finally {
    await program.stop()
  }
})

test('a fresh Vite app goes on with an answer after a reload under the development server, in Strict Mode', async ({ app, page }) => {
  const program = await app.start('node --env-file=.env.local server.ts')
  try {
    const port = await freePort()
    const vite = await app.start('npm run dev', { port, parameters: `-- --host 127.0.0.1 --strictPort --port ${port}` })
    await survivesReload(page, `http://127.0.0.1:${port}`, program).finally(vite.stop)
  } finally {
    await program.stop()
  }
})
