import { expect, test } from '@playwright/test'
import { embeddingOf, statedIn } from './embedding.ts'
import { readPage } from './page.ts'

for (const name of ['getting-started-vite.md', 'getting-started-nextjs.md']) {
  test(`${name} says how many lines it asks for`, () => {
    const page = readPage(name)
    const { client, server } = embeddingOf(page)
    console.log(`${name}: ${client} lines on the page, ${server} on the server`)
    expect(statedIn(page)).toEqual({ client, server })
  })
}
