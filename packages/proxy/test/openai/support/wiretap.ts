import { type Fetch } from '@rejoin/testkit'

export interface Wiretap {
  readonly fetch: Fetch
  /** What has been received of each answer's body so far, in the order of the requests. */
  bodies(): string[]
}

/** Listens to what comes back. */
export function wiretap(fetch: Fetch): Wiretap {
  const bodies: Uint8Array[][] = []
  return {
    bodies: () => bodies.map((chunks) => Buffer.concat(chunks).toString()),
    async fetch(url, init) {
      const chunks: Uint8Array[] = []
      bodies.push(chunks)
      const { body, status, headers } = await fetch(url, init)
      const tap = new TransformStream<Uint8Array, Uint8Array>(
        {
          transform(chunk, controller) {
            chunks.push(chunk)
            controller.enqueue(chunk)
          },
        },
        undefined,
        { highWaterMark: 0 },
      )
      return new Response(body?.pipeThrough(tap) ?? null, { status, headers })
    },
  }
}
