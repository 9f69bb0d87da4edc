import { randomUUID } from 'node:crypto'
import { createWriteStream, mkdirSync } from 'node:fs'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { filesPath, maxFileBytes } from './filesPath.ts'
import { visitorOf } from './visitor.ts'

/** Files that people have attached. Each is only there for who has sent it. */
export interface Files {
  /** `POST` keeps one, `GET` gives it back. */
  handler(request: Request): Promise<Response>
  /** In bytes; `null` where this visitor has no file at this address. */
  sizeOf(visitor: string | null, url: string): Promise<number | null>
}

/** What a browser may show. Anything else is downloaded, so that no file of somebody's runs as a page of this server. */
const images: Readonly<Record<string, string>> = {
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
}

export function createFiles(folder: string): Files {
  /** `null` for what can be no address of a file of this visitor. */
  function placeOf(visitor: string | null, pathname: string): string | null {
    const [, id] = /^\/([\da-f-]{36})\/[^/]*$/.exec(pathname.startsWith(filesPath) ? pathname.slice(filesPath.length) : '') ?? []
    return visitor === null || id === undefined ? null : join(folder, visitor, id)
  }

  async function keep(request: Request, visitor: string): Promise<Response> {
    const name = new URL(request.url).searchParams.get('name') || 'file'
    const id = randomUUID()
    const file = join(folder, visitor, id)
    mkdirSync(join(folder, visitor), { recursive: true })
    let bytes = 0
    async function* limited(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        bytes += chunk.length
        if (bytes > maxFileBytes) return
        yield chunk
      }
    }
    // Whole before it has its name: who leaves in the middle leaves nothing.
    const part = `${file}.part`
    try {
      await pipeline(request.body ?? Readable.from([]), limited, createWriteStream(part))
      if (bytes > maxFileBytes) return new Response(`A file can have up to ${maxFileBytes} bytes.`, { status: 413 })
      await rename(part, file)
    } finally {
      await rm(part, { force: true })
    }
    return Response.json({ url: `${filesPath}/${id}/${encodeURIComponent(name)}` }, { status: 201 })
  }

  async function give(pathname: string, visitor: string): Promise<Response> {
    const file = placeOf(visitor, pathname)
    const content = file === null ? null : await readFile(file).catch(() => null)
    if (content === null) return new Response('There is no such file.', { status: 404 })
    const image = images[extname(pathname).toLowerCase()]
    return new Response(content, {
      headers: {
        'content-type': image ?? 'application/octet-stream',
        'content-disposition': image ? 'inline' : 'attachment',
        'x-content-type-options': 'nosniff',
        'cache-control': 'private',
      },
    })
  }

  return {
    async handler(request) {
      const visitor = visitorOf(request.headers.get('cookie'))
      if (visitor === null) return new Response('Open the page first.', { status: 401 })
      if (request.method === 'POST') return await keep(request, visitor)
      if (request.method === 'GET') return await give(new URL(request.url).pathname, visitor)
      return new Response(null, { status: 405, headers: { allow: 'GET, POST' } })
    },
    async sizeOf(visitor, url) {
      const file = placeOf(visitor, url)
      if (file === null) return null
      return (await stat(file).catch(() => null))?.size ?? null
    },
  }
}
