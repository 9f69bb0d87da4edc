import { readEvents } from '@rejoin/core'
import { beforeEach, vi } from 'vitest'

/** What a method of the protocol answers: results, one or many. */
export interface Asked {
  all(): Promise<unknown[]>
  /** Reads up to the first that is `last`, and leaves. */
  until(last: (event: unknown) => boolean): Promise<unknown[]>
}

export function ask(url: string, method: string, params: object = { message: message() }): Asked {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }

  async function* results(): AsyncGenerator<unknown> {
    const answer = await fetch(url, { method: 'POST', headers, body })
    if (answer.headers.get('content-type')?.startsWith('application/json')) return yield resultIn(await answer.text())
    for await (const events of readEvents(async () => answer, { stallMs: 10_000, signal: undefined })) {
      for (const { data } of events) yield resultIn(data)
    }
  }

  async function until(last: (event: unknown) => boolean): Promise<unknown[]> {
    const found: unknown[] = []
    for await (const result of results()) {
      found.push(result)
      if (last(result)) break
    }
    return found
  }

  return { until, all: () => until(() => false) }
}

function message(): object {
  return { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts: [{ text: 'Hello' }] }
}

function resultIn(text: string): unknown {
  const { result, error } = JSON.parse(text)
  if (error) throw new Error(`The server answers with ${error.code}.`)
  return result
}

/** The states that events tell, in order. */
export function states(events: readonly unknown[]): string[] {
  return Array.from(JSON.stringify(events).matchAll(/"state":"(\w+)"/g), ([, state]) => state ?? '')
}

/** The texts of the artifacts in them, in order. */
export function textsIn(events: readonly unknown[]): string[] {
  return JSON.parse(JSON.stringify(events)).flatMap(({ task, artifactUpdate }: Told) =>
    [...(task?.artifacts ?? []), ...(artifactUpdate ? [artifactUpdate.artifact] : [])].flatMap(({ parts }) => parts.map(({ text }) => text)),
  )
}

interface Told {
  readonly task?: { readonly artifacts?: readonly Artifact[] }
  readonly artifactUpdate?: { readonly artifact: Artifact }
}

interface Artifact {
  readonly parts: readonly { readonly text: string }[]
}

/** The SDK reports to the console what a client does wrong, and what its agent throws. */
export function silenced(): void {
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    return () => vi.restoreAllMocks()
  })
}
