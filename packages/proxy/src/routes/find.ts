import { header, isCursor, startCursor, type Cursor, type RejoinErrorCode } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { placeOf, type Place } from '../leg/place.ts'

export type FoundRun =
  | {
      readonly ok: true
      readonly session: string
      /** The agent's name for the run; `null` while only the registry knows, or has to wait for it. */
      readonly handle: string | null
      place(signal: AbortSignal): Promise<Place>
    }
  | { readonly ok: false; readonly code: RejoinErrorCode }

/**
 * The run a request is about: by its token, which alone suffices, or without one by its id, from the
 * registry (the start was lost, or this is another device).
 */
export async function findRun(context: ProxyContext, { request, user }: Call, runId: string): Promise<FoundRun> {
  const sealed = request.headers.get(header.token)
  if (sealed !== null) {
    const opened = await context.sealer.open(sealed, { user, runId })
    if (!opened.ok) return { ok: false, code: opened.reason }
    const { session, handle } = opened
    return { ok: true, session, handle, place: async () => ({ type: 'agent', session, handle }) }
  }
  const record = await context.registry.get({ user, runId })
  if (record === null) return { ok: false, code: 'not_found' }
  return { ok: true, session: record.session, handle: null, place: (signal) => placeOf(context, record, signal) }
}

/** Where the client wants to go on; `null` where it says so in a form that is none. */
export function cursorIn(request: Request): Cursor | null {
  const cursor = request.headers.get(header.lastEventId) ?? startCursor
  return isCursor(cursor) ? cursor : null
}
