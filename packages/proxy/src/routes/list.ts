import { type RunList, type RunListing } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { json } from '../http/problem.ts'

/** `GET {base}/runs`: the caller's runs that are not known to have ended. */
export async function listRuns({ registry }: ProxyContext, { user }: Call): Promise<Response> {
  const records = await registry.list(user)
  const runs = records.map(({ runId, session, startedAt }): RunListing => ({ id: runId, session, state: 'running', startedAt }))
  return json({ runs } satisfies RunList)
}
