import { type Server } from 'node:http'
import { type AddressInfo } from 'node:net'

/** Servers that are one to who asks: the same port at each address of a name. */
export interface Listening {
  /** As in a URL. */
  readonly hostname: string
  readonly port: number
  /** When nothing is listened for, and every connection is closed. */
  close(): Promise<void>
}

/** What the names of the loopback stand for. Browsers take `localhost` for both, whatever the machine says. */
const addresses: ReadonlyMap<string, readonly [string, ...string[]]> = new Map([
  ['localhost', ['127.0.0.1', '::1']],
  ['[::1]', ['::1']],
])

/**
 * Listens on a free port of the loopback, and there alone.
 * @param hostname is kept where it names the loopback; 127.0.0.1 otherwise
 */
export async function listen(hostname: string, create: () => Server): Promise<Listening> {
  const [first, ...others] = addresses.get(hostname) ?? ['127.0.0.1']
  const server = create()
  const servers = [server]

  async function close(): Promise<void> {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }

  const port = await listenAt(server, first, 0)
  for (const address of others) {
    const other = create()
    try {
      await listenAt(other, address, port)
      servers.push(other)
    } catch (error) {
      // A machine without addresses of this kind: nobody looks for the wire there.
      if (!isTaken(error)) continue
      await close()
      return await listen(hostname, create)
    }
  }
  return { hostname: addresses.has(hostname) ? hostname : '127.0.0.1', port, close }
}

function listenAt(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}
