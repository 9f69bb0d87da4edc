import { databaseName, idbRunStore, proxyAgent, textOf } from '@rejoin/core'
import { backgroundAgent, createAgentProxy } from '@rejoin/proxy'
import { cleanup, render, screen } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { type ReactNode } from 'react'
import { afterEach, expect, it } from 'vitest'
import { BackgroundAgentChat, BackgroundAgentProvider, type Upload } from '../src/index.ts'

afterEach(async () => {
  cleanup()
  await idbRunStore(null).purge()
})

const content = 'the bytes of the file'

/** All that a database holds, as text; binary values are read. */
async function everythingIn(name: string): Promise<string> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  try {
    const values = await Promise.all(
      [...db.objectStoreNames].map(
        (store) =>
          new Promise<unknown[]>((resolve, reject) => {
            const request = db.transaction(store).objectStore(store).getAll()
            request.onsuccess = () => resolve(request.result)
            request.onerror = () => reject(request.error)
          }),
      ),
    )
    return JSON.stringify(values, (_key, value: unknown) => (value instanceof Blob ? `a Blob of ${value.size} bytes` : value))
  } finally {
    db.close()
  }
}

it('of a file nothing but its address is sent with a message or stored', async () => {
  const proxy = createAgentProxy({
    agent: backgroundAgent(async function* ({ messages }) {
      const last = messages.at(-1)
      yield `${last ? textOf(last) : ''} Read.`
    }),
    secret: 'x'.repeat(32),
    authorize: () => null,
  })
  const wire: string[] = []
  const agent = proxyAgent({
    url: new URL('/api/agent', location.href).href,
    async fetch(input, init) {
      const request = new Request(input, init)
      const body = await request.clone().text()
      wire.push(`${request.url} ${body}`)
      // In Firefox a request can not be read as a stream; on a server each can.
      if (request.body === undefined && body !== '') Object.defineProperty(request, 'body', { value: new Response(body).body })
      return await proxy(request)
    },
  })
  const uploaded: string[] = []
  const upload: Upload = async (file, { onProgress }) => {
    uploaded.push(await file.text())
    onProgress(1)
    return { url: 'https://files.example/sales.csv' }
  }
  const page = (): ReactNode => (
    <BackgroundAgentProvider agent={agent} user={null} upload={upload}>
      <BackgroundAgentChat session="s" />
    </BackgroundAgentProvider>
  )
  const first = render(page())
  await userEvent.upload(screen.getByLabelText('Files to attach'), new File([content], 'sales.csv', { type: 'text/csv' }))
  await screen.findByText('sales.csv')
  await userEvent.type(screen.getByRole('textbox', { name: 'Message' }), 'What is in it?{Enter}')
  await screen.findByText('What is in it? Read.')
  await screen.findByText('The answer is complete.')

  const sent = wire.join('\n')
  const stored = await everythingIn(databaseName(null))
  expect(uploaded).toEqual([content])
  for (const kept of [sent, stored]) {
    expect(kept).toContain('https://files.example/sales.csv')
    expect(kept).not.toMatch(/the bytes of|data:|blob:|Blob of/)
  }

  first.unmount()
  render(page())
  expect((await screen.findByRole('link', { name: 'sales.csv' })).getAttribute('href')).toBe('https://files.example/sales.csv')
})
