import { RejoinError, type AgentRunOptions, type ChatMessage, type StartRequest } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { type RunIdentity } from '../registry/registry.ts'

/** What the agent is asked, and what the turn goes on from. */
export interface Turn {
  readonly messages: readonly ChatMessage[]
  readonly options: Pick<AgentRunOptions, 'background' | 'conversation' | 'replaces'>
}

/**
 * What a start comes to. Where the app has a history, that is what the agent is told; otherwise it is told which
 * conversation the new message belongs to. Where neither can be had, the run has not been started.
 * @throws RejoinError `conversation_lost`, `internal`
 */
export async function turnOf(context: ProxyContext, run: RunIdentity, start: StartRequest): Promise<Turn> {
  const { message, background, replaces } = start
  const options = { background, ...(replaces !== undefined && { replaces }) }
  try {
    const conversation = context.history ? undefined : await conversationOf(context, run, start)
    const messages = context.history ? await withHistory(context, run, start) : [message]
    await context.recorder?.asked(run, message, replaces ?? null)
    return { messages, options: conversation === undefined ? options : { ...options, conversation } }
  } catch (error) {
    await context.registry.drop(run)
    throw error
  }
}

async function withHistory({ history, recorder, report }: ProxyContext, run: RunIdentity, start: StartRequest): Promise<ChatMessage[]> {
  const { message, replaces = null } = start
  try {
    // It is to hold the answer that this one follows.
    await recorder?.caughtUp(run)
    const earlier = (await history?.({ user: run.user, session: run.session, replaces })) ?? []
    // Of a start that is repeated, or asked again, the message may have been noted already.
    return [...earlier.filter(({ id }) => id !== message.id && id !== replaces), message]
  } catch (error) {
    report(error, 'history')
    throw new RejoinError('internal', { cause: error })
  }
}

async function conversationOf(
  { conversations, registry }: ProxyContext,
  { user, session }: RunIdentity,
  { conversation, replaces }: StartRequest,
): Promise<string | null | undefined> {
  if (conversation === null) return null
  if (conversation === undefined) return (await registry.conversation({ user, session, except: replaces })) ?? undefined
  const opened = await conversations.open(conversation, { user, session })
  if (opened === null) throw new RejoinError('conversation_lost')
  return opened
}
