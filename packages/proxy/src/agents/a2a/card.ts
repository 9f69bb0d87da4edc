import { abortable, isRejoinError, RejoinError, type RejoinErrorCode } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { objectsIn, parse, stringIn } from '../json.ts'

/** Where an agent is asked, and what it can do. */
export interface Service {
  readonly url: string
  /** Which of the agents behind that address; `null` where there is one. */
  readonly tenant: string | null
  readonly streaming: boolean
}

/** What a card can be refused with. Other failures are those of a connection on which nothing was sent to the agent itself. */
const refusals: ReadonlySet<RejoinErrorCode> = new Set<RejoinErrorCode>(['unauthorized', 'rate_limited', 'unavailable', 'internal'])

/** Gives what an agent's card says, read once, whoever waits for it. Who leaves waits no longer. */
export function serviceOf(url: URL, read: (url: string) => Promise<string>): (signal: AbortSignal | undefined) => Promise<Service> {
  if (!url.pathname.endsWith('.json')) {
    const service = Promise.resolve({ url: url.href, tenant: null, streaming: true })
    return () => service
  }
  let found: Promise<Service> | null = null
  return async (signal) => {
    found ??= read(url.href)
      .then((text) => serviceIn(parse(text), url))
      .catch((cause: unknown) => {
        found = null
        throw isRejoinError(cause) && refusals.has(cause.code) ? cause : new RejoinError('unavailable', { cause })
      })
    return await (signal ? abortable(found, signal) : found)
  }
}

/**
 * @throws RejoinError `unavailable` for a card that names no way of asking that this adapter knows, `internal` for one that
 *   leads from https to http
 */
function serviceIn(card: unknown, base: URL): Service {
  const interfaces = isObject(card) ? objectsIn(card.supportedInterfaces) : []
  const named = interfaces.find(({ protocolBinding, protocolVersion }) => {
    return protocolBinding === 'JSONRPC' && typeof protocolVersion === 'string' && protocolVersion.startsWith('1.')
  })
  const address = stringIn(named, 'url')
  const url = address === null ? null : urlOf(address, base)
  if (!isObject(card) || url === null || !/^https?:$/.test(url.protocol)) {
    const message = 'The agent card names no JSON-RPC interface of version 1.0, so the agent can not be asked. Check the address given to a2aAgent.'
    throw new RejoinError('unavailable', { message })
  }
  if (base.protocol === 'https:' && url.protocol === 'http:') {
    const cause = new Error(
      'The agent card was read over https and names an http address, where anybody on the way could read the conversation and its credentials, so the agent is not asked. Have its card name an https address.',
    )
    throw new RejoinError('internal', { cause })
  }
  const streaming = isObject(card.capabilities) && card.capabilities.streaming === true
  return { url: url.href, tenant: stringIn(named, 'tenant') || null, streaming }
}

function urlOf(address: string, base: URL): URL | null {
  try {
    return new URL(address, base)
  } catch {
    return null
  }
}
