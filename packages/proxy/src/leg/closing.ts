import { type EndUpdate, type PauseUpdate, type RunOutcome, type RunPause, type UpdateBatch } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { type RunIdentity } from '../registry/registry.ts'
import { safeState } from './outcome.ts'
import { settle, settleOnce } from './settle.ts'

type Closing = EndUpdate | PauseUpdate

/**
 * A batch that closes its leg, as the caller may hear it: noted in the registry, its conversation sealed.
 * @param once the agent has no name for the run, so it will not say so again
 */
export async function closingBatch(
  context: ProxyContext,
  run: RunIdentity,
  { handle, updates }: UpdateBatch,
  said: Closing,
  { once }: { readonly once: boolean },
): Promise<UpdateBatch> {
  const { elapsedMs, conversation, usage, cursor } = said
  const { state, counts } = await (once ? settleOnce : settle)(context, run, { state: stateOf(said), elapsedMs, conversation, usage })
  // Of an end that does not count its content does not count either.
  const closing = counts ? closingAs(await sealedClosing(context, run, said), state) : closingAs({ cursor, elapsedMs }, state)
  return { handle, updates: updates.map((update) => (update === said ? closing : update)) }
}

function stateOf(said: Closing): RunOutcome | RunPause {
  return safeState(said.type === 'end' ? said.outcome : { type: 'paused', reason: said.reason })
}

type Content = Omit<EndUpdate, 'type' | 'outcome'>

async function sealedClosing({ conversations }: ProxyContext, run: RunIdentity, said: Closing): Promise<Content> {
  const { cursor, elapsedMs, length, parts, steps, usage } = said
  const conversation = await conversations.seal(run, said.conversation)
  return {
    cursor,
    elapsedMs,
    ...(length !== undefined && { length }),
    ...(parts && { parts }),
    ...(steps && { steps }),
    ...(usage && { usage }),
    ...(conversation !== undefined && { conversation }),
  }
}

function closingAs(content: Content, state: RunOutcome | RunPause): Closing {
  if (state.type === 'paused') return { type: 'pause', reason: state.reason, ...content }
  return { type: 'end', outcome: state, ...content }
}
