import { serve as listen } from '@hono/node-server'

/** A server on the loopback interface. */
export interface Server {
  /** Without a slash at the end. */
  readonly url: string
  /** Stops it, and breaks the connections that are open. */
  close(): Promise<void>
}

/** Serves a handler over real HTTP, on a port that is free. */
export function serve(handler: (request: Request) => Response | Promise<Response>): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = listen({ fetch: handler, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            if ('closeAllConnections' in server) server.closeAllConnections()
          }),
      })
    })
    server.once('error', reject)
  })
}
