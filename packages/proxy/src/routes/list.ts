import { type RunList, type RunListing } from '@rejoin/core'
import { type Call, type ProxyContext } from '../context.ts'
import { json } from '../http/problem.ts'
import { isWaiting } from '../registry/record.ts'
import { type RunRecord } from '../registry/registry.ts'

/** `GET {base}/runs`: the caller's runs that are not known to have ended. No agent is asked. */
export async function listRuns({ registry }: ProxyContext, { user }: Call): Promise<Response> {
  const records = await registry.list(user)
  const runs = records.map(listingOf)
  return json({ runs } satisfies RunList)
}

function listingOf(record: RunRecord): RunListing {
  const { runId: id, session, startedAt } = record
  return { id, session, state: isWaiting(record) ? 'paused' : 'running', startedAt }
}
