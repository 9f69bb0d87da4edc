import { type Call, type ProxyContext } from '../context.ts'
import { problem } from '../http/problem.ts'
import { resumeBatches } from '../leg/batches.ts'
import { placeSoon } from '../leg/place.ts'
import { type RunIdentity } from '../registry/registry.ts'
import { pollAnswer, streamAnswer, wantsStream } from './answer.ts'
import { cursorIn, findRun } from './find.ts'

/** `GET {base}/runs/{id}`: goes on with a run, or asks for its state. */
export async function openLeg(context: ProxyContext, call: Call, runId: string): Promise<Response> {
  const cursor = cursorIn(call.request)
  if (cursor === null) return problem('invalid_request')
  const found = await findRun(context, call, runId)
  if (!found.ok) return problem(found.code)
  const run: RunIdentity = { user: call.user, runId, session: found.session }
  if (!wantsStream(call.request)) {
    return await pollAnswer(context, call, run, await placeSoon(context, found.place, call.request.signal), cursor)
  }
  return await streamAnswer(context, call, run, {
    batches: (signal) => resumeBatches(context, run, () => found.place(signal), cursor, signal),
    leg: 'resume',
    handle: found.handle,
  })
}
