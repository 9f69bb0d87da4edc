import { serve as listen } from '@hono/node-server'

/** A server on the loopback interface. */
export interface Server {
  /** Without a slash at the end. */
  readonly url: string
  /** Stops it, and breaks the connections that are open. */
  close(): Promise<void>
}

/**
 * Serves a handler over real HTTP, on a port that is free. A body that fails breaks its connection; whoever
 * leaves aborts the request and cancels the body.
 */
export function serve(handler: (request: Request) => Response | Promise<Response>): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = listen(
      {
        hostname: '127.0.0.1',
        port: 0,
        async fetch(request, { outgoing }) {
          const response = await handler(request)
          const { body, status, statusText, headers } = response
          if (body === null) return response
          return new Response(guard(body, () => outgoing.destroy()), { status, statusText, headers })
        },
      },
      ({ port }) => {
        resolve({
          url: `http://127.0.0.1:${port}`,
          close: () =>
            new Promise((closed) => {
              server.close(() => closed())
              if ('closeAllConnections' in server) server.closeAllConnections()
            }),
        })
      },
    )
    server.once('error', reject)
  })
}

/** The adapter itself would write the error's message into the body, and then close as if all were well. */
function guard(body: ReadableStream<Uint8Array>, onFailure: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch {
          onFailure()
          controller.close()
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
