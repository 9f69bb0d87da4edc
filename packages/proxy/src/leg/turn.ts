import { answersIn, RejoinError, type AgentRunOptions, type ChatMessage, type StartRequest } from '@rejoin/core'
import { type ProxyContext } from '../context.ts'
import { isWaiting } from '../registry/record.ts'
import { type RunIdentity } from '../registry/registry.ts'

/** What the agent is asked, and what the turn goes on from. */
export interface Turn {
  readonly messages: readonly ChatMessage[]
  readonly options: Pick<AgentRunOptions, 'background' | 'conversation' | 'replaces' | 'answers' | 'passesOver'>
  /** The start has come to something, or to nothing. */
  release(): void
}

/**
 * What a start comes to. Where the app has a history, that is what the agent is told; otherwise, and where the message answers
 * what the agent has asked, it is told which conversation that belongs to. Where neither can be had, the run has not been started.
 * @throws RejoinError `conversation_lost`, `internal`, `not_found` for an answer to a run that is over
 */
export async function turnOf(context: ProxyContext, run: RunIdentity, start: StartRequest): Promise<Turn> {
  const { message, background, replaces, answers } = start
  let release = (): void => {}
  try {
    if (answers !== undefined) {
      await assertWaits(context, run, start, answers)
      release = takeAnswers(context, run, answers)
    }
    const passesOver = await passedOverBy(context, run, start)
    const options = {
      background,
      ...(replaces !== undefined && { replaces }),
      ...(answers !== undefined && { answers }),
      ...(passesOver.length > 0 && { passesOver }),
    }
    const told = context.history !== undefined && answersIn(message).length === 0
    const conversation = told ? undefined : await conversationOf(context, run, start)
    const messages = told ? await withHistory(context, run, start) : [message]
    return { messages, options: conversation === undefined ? options : { ...options, conversation }, release }
  } catch (error) {
    release()
    await context.registry.drop(run)
    throw error
  }
}

/**
 * What somebody has answered, passed over or stopped waits for nobody, whatever its agent remembers. Of a run that is not known here
 * the agent knows best; and of one that waited for a sign-in, since that may have gone on, and ended, by itself.
 */
async function assertWaits({ registry }: ProxyContext, { user, session }: RunIdentity, { message }: StartRequest, runId: string): Promise<void> {
  const asked = await registry.get({ user, runId })
  if (asked === null) return
  const signedIn = answersIn(message).every(({ kind }) => kind === 'auth')
  const over = asked.state === 'ended' && (!signedIn || asked.outcome.type === 'cancelled')
  if (over || asked.session !== session) throw new RejoinError('not_found')
}

/** Where sessions are not compared, nothing else is in the way of a second answer in the same moment. Gives back how to leave the way free. */
function takeAnswers({ answering }: ProxyContext, { user }: RunIdentity, runId: string): () => void {
  const name = JSON.stringify([user, runId])
  if (answering.has(name)) throw new RejoinError('not_found')
  answering.add(name)
  return () => void answering.delete(name)
}

/** What waits in the session and is not answered. Of a message that does not say whose questions it answers, nobody here knows that. */
async function passedOverBy({ registry }: ProxyContext, run: RunIdentity, { message, answers }: StartRequest): Promise<string[]> {
  if (answers === undefined && answersIn(message).length > 0) return []
  const waiting = (await registry.list(run.user)).filter((record) => record.session === run.session && isWaiting(record))
  return waiting.map(({ runId }) => runId).filter((runId) => runId !== run.runId && runId !== answers)
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
