import { expect, test } from './fixtures.ts'
import { survivesReload } from './survivesReload.ts'

test.use({ follows: { name: 'getting-started-nextjs.md' } })

test('a fresh Next.js app that follows the page type-checks, with the types of the packages', async ({ app }) => {
  await app.run('node_modules/.bin/next typegen')
  // Next.js's own declarations need types that they do not bring.
  const said = await app.run('node_modules/.bin/tsc --noEmit --skipLibCheck false || true')
  expect(said.split('\n').filter((line) => line !== '' && !line.startsWith('node_modules/next/'))).toEqual([])
})

for (const [how, command] of [
  ['built for production', 'npm start'],
  ['under the development server', 'npm run dev'],
] as const) {
  test(`a fresh Next.js app, ${how}, goes on with an answer after a reload`, async ({ app, page }) => {
    if (command === 'npm start') await app.run('npm run build')
    const program = await app.start(command, { parameters: `-- -H 127.0.0.1 -p ${app.port}` })
    await survivesReload(page, `http://127.0.0.1:${app.port}`, program).finally(program.stop)
  })
}
