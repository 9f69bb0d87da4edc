import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFiles } from '../server/files.ts'
import { maxFileBytes } from '../server/filesPath.ts'

const ada = '00000000-0000-4000-8000-00000000000a'
const grace = '00000000-0000-4000-8000-00000000000b'

function site() {
  const folder = mkdtempSync(join(tmpdir(), 'files-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const files = createFiles(folder)
  const send = (path: string, visitor: string | null, init: RequestInit = {}): Promise<Response> =>
    files.handler(new Request(new URL(path, 'http://chat.test'), { ...init, headers: visitor === null ? {} : { cookie: `visitor=${visitor}` } }))
  const upload = async (name: string, body: BodyInit, visitor = ada): Promise<string> => {
    const response = await send(`/api/files?name=${encodeURIComponent(name)}`, visitor, { method: 'POST', body })
    expect(response.status).toBe(201)
    return (await response.json()).url
  }
  return { ...files, folder, send, upload }
}

describe('a file', () => {
  it('is there for who has sent it, and for nobody else', async () => {
    const { send, sizeOf, upload } = site()
    const url = await upload('sales of März.txt', 'twelve bytes')
    expect(url).toMatch(/^\/api\/files\/[\da-f-]{36}\/sales%20of%20M%C3%A4rz\.txt$/)
    expect(await (await send(url, ada)).text()).toBe('twelve bytes')
    expect(await sizeOf(ada, url)).toBe(12)
    for (const other of [grace, null]) {
      expect((await send(url, other)).ok).toBe(false)
      expect(await sizeOf(other, url)).toBeNull()
    }
  })

  it('is shown if it is an image, and downloaded otherwise', async () => {
    const { send, upload } = site()
    const headersOf = async (name: string) => {
      const { headers } = await send(await upload(name, '<script>alert(1)</script>'), ada)
      return ['content-type', 'content-disposition', 'x-content-type-options'].map((header) => headers.get(header))
    }
    expect(await headersOf('a.png')).toEqual(['image/png', 'inline', 'nosniff'])
    expect(await headersOf('a.html')).toEqual(['application/octet-stream', 'attachment', 'nosniff'])
    expect(await headersOf('a.svg')).toEqual(['application/octet-stream', 'attachment', 'nosniff'])
  })

  it('that is too large is refused, and nothing of it is kept', async () => {
    const { folder, send, upload } = site()
    const { status } = await send('/api/files?name=a', ada, { method: 'POST', body: new Uint8Array(maxFileBytes + 1) })
    expect(status).toBe(413)
    expect(readdirSync(join(folder, ada))).toEqual([])
    await upload('a', new Uint8Array(maxFileBytes))
  })

  it('may be empty', async () => {
    const { sizeOf, upload } = site()
    expect(await sizeOf(ada, await upload('empty.txt', ''))).toBe(0)
  })

  it('is not looked for anywhere else', async () => {
    const { send, sizeOf } = site()
    for (const url of ['/api/files/../../secret', '/api/files/%2e%2e/x', '/etc/passwd', 'https://files.example/a', `/api/files/${ada}/x`]) {
      expect(await sizeOf(ada, url)).toBeNull()
    }
    expect((await send(`/api/files/${ada}/x`, ada)).status).toBe(404)
    expect((await send('/api/files', null, { method: 'POST', body: 'x' })).status).toBe(401)
    expect((await send('/api/files', ada, { method: 'PUT', body: 'x' })).status).toBe(405)
  })
})
