import { createServer, type RequestListener } from 'node:http'

/** An HTTP server on the loopback interface. */
export interface Listener {
  readonly port: number
  /** Stops it, and breaks the connections that are open. */
  close(): Promise<void>
}

/** @param port 0 for one that is free */
export function listen(handle: RequestListener, port = 0): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer(handle)
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('The server has no port.'))
      resolve({
        port: address.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      })
    })
  })
}
