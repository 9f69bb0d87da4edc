import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'

/** The static Storybook, behind a server that knows nothing but files. */
export interface Storybook {
  readonly url: string
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Builds it, which takes seconds, and serves it on a free port. */
export async function startStorybook(): Promise<Storybook> {
  const folder = mkdtempSync(join(tmpdir(), 'rejoin-storybook-'))
  execFileSync('storybook', ['build', '--quiet', '--loglevel', 'warn', '--output-dir', folder], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const server = createServer(async ({ method, url = '/' }, response) => {
    const path = normalize(new URL(url, 'http://files').pathname)
    const file = join(folder, path === '/' ? 'index.html' : path)
    const body = method === 'GET' ? await readFile(file).catch(() => null) : null
    response.writeHead(body === null ? 404 : 200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The file server has no port.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
