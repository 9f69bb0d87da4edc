import { isRejoinError, RejoinError, type RunOutcome, type RunPause } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { answerIn, answerOf, draftOf, drafted, type Answer, type Draft } from './answer.ts'
import { baseOf, eventSince, noBase, otherMessages, taskSince, unknownCount, type Base } from './base.ts'
import { type A2aClient, type Events } from './client.ts'
import { additionOf } from './difference.ts'
import { type KnownTask } from './handle.ts'
import { elapsedOf, outcomeOf } from './outcome.ts'
import { isOver, taskIdOf, type TaskEvent, type Task } from './protocol.ts'
import { signInConversation } from './signIn.ts'
import { watchTask, type Seen, type WatchOptions } from './watchTask.ts'

/** What is read of a task. */
export type Reading =
  /** What an event adds to what has been read before, and what that comes to. */
  | { readonly type: 'more'; readonly task: KnownTask; readonly entries: readonly LogEntry[]; readonly answer: Answer }
  /** How far it is, whatever has been read before. */
  | { readonly type: 'whole'; readonly task: KnownTask; readonly answer: Answer }
  /** `null` where the agent has answered without a task. */
  | { readonly type: 'end'; readonly task: KnownTask | null; readonly end: TaskEnd }

/** Where nothing more comes of a task, for one run. */
export interface TaskEnd {
  readonly state: RunOutcome | RunPause
  /** `null` where nobody knows what of the task is the run's. */
  readonly answer: Answer | null
  readonly elapsedMs: number
  /** The protocol's name for it; with a sign-in that is waited for, what `signInOf` reads. */
  readonly conversation: string | null
}

export type ReadOptions = Omit<WatchOptions, 'subscribe' | 'streamed'>

export interface FollowOptions extends WatchOptions {
  /** Whether all is shown that the run has asked with. */
  heard?: boolean | undefined
}

export interface StartOptions extends ReadOptions {
  /** The conversation that the message was sent in. */
  contextId: string
  /** The task that it answers, as it waited. */
  into: Task | null
}

const nothing: Draft = { taskId: '', status: { state: 'working', at: null, message: null }, artifacts: new Map(), said: new Map(), asked: 1 }

/**
 * Reads what a message has started to its end, whatever becomes of its stream. That stream is whole from its first event on,
 * so each of them counts as it comes; but no end does that the server has not kept.
 * @throws RejoinError `start_unknown` where the stream ends before it has said anything
 */
export async function* readStart(client: A2aClient, events: Events, options: StartOptions): AsyncGenerator<Reading> {
  const { contextId, signal } = options
  const calledAt = Date.now()
  let task: KnownTask | null = null
  let draft = nothing
  let answer = answerOf(draft)

  try {
    reading: for await (const batch of events) {
      for (const told of batch) {
        if (told.type === 'message') {
          // In a task's own stream it says nothing of the task.
          if (task !== null) continue
          const { message } = told
          const conversation = message.contextId ?? contextId
          yield { type: 'end', task, end: { state: { type: 'completed' }, answer: answerIn(message), elapsedMs: Date.now() - calledAt, conversation } }
          return
        }
        if (task === null) {
          const begun = beginning(told, options)
          draft = begun.draft
          answer = answerOf(draft)
          task = { ...begun.name, startedAt: begun.at ?? calledAt, base: begun.base }
        }
        const event = eventSince(told, task.base)
        const [known, before] = [draft, answer]
        draft = drafted(draft, event, task.base)
        answer = answerOf(draft)
        yield { type: 'more', task, entries: additionOf(event, known, before, answer), answer }
        if (isOver(draft)) break reading
      }
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (!isRejoinError(error)) throw error
    if (task === null) throw new RejoinError('start_unknown', { cause: error })
  }
  if (task === null) throw new RejoinError('start_unknown')
  let streamed = isOver(draft) ? endOf(task, draft) : null
  try {
    for await (const read of readTask(client, task, { ...options, subscribe: true, streamed: streamed && draft.status, heard: streamed !== null })) {
      // It waited, and has gone on by itself.
      if (read.type === 'whole') streamed = null
      // What was streamed from the beginning is whole, kept or not.
      if (streamed !== null && read.type === 'end' && read.end.answer === null) yield { ...read, end: { ...streamed, state: read.end.state } }
      else yield read
    }
  } catch (error) {
    // It was whole, and is no longer kept.
    if (streamed === null || !isRejoinError(error) || error.code !== 'expired') throw error
    yield { type: 'end', task, end: streamed }
  }
}

/** Reads a task to its end, as its server keeps it. */
export async function* readTask(client: A2aClient, known: KnownTask, { heard = false, ...options }: FollowOptions): AsyncGenerator<Reading> {
  let whole = heard
  for await (const seen of watchTask(client, known, options)) {
    const end = endIn(known, seen, whole)
    if (end !== null) yield { type: 'end', task: known, end }
    else yield { type: 'whole', task: known, answer: answerOf(draftOf(seen.task, known.base)) }
    whole = false
  }
}

/**
 * `null` while it goes on. What a task held when it asked nobody knows any more once it was answered: then who has heard the question has all
 * of it, and to others it must not look as if they had.
 */
export function endIn(known: KnownTask, { task, kept, unkept, answered }: Seen, heard: boolean): TaskEnd | null {
  const { contextId, startedAt } = known
  if (answered) {
    const state = { type: heard ? 'completed' : 'expired' } as const
    return { state, answer: null, elapsedMs: elapsedOf(startedAt, null), conversation: contextId || null }
  }
  const end = endOf(known, draftOf(task, known.base), unkept)
  const signsIn = task.status.state === 'auth_required' && !unkept && contextId !== ''
  return end && signsIn ? { ...end, conversation: signInConversation(kept, startedAt) } : end
}

function endOf({ startedAt, contextId }: KnownTask, draft: Draft, unkept = false): TaskEnd | null {
  const state = outcomeOf(draft.status.state)
  if (state === null) return null
  return { state, answer: unkept ? null : answerOf(draft), elapsedMs: elapsedOf(startedAt, draft.status), conversation: contextId || null }
}

/** What is known of a task at the first of its events. */
function beginning(event: TaskEvent, { into, runId }: StartOptions) {
  const name = event.type === 'task' ? { taskId: event.task.taskId, contextId: event.task.contextId } : event.name
  if (into !== null && taskIdOf(event) === into.taskId) {
    const base = baseOf(into, runId)
    const draft = draftOf(taskSince(into, base), base)
    return { name, base, draft: { ...draft, asked: base.asked + 1 }, at: timeOf(eventSince(event, base)) }
  }
  const base: Base = { ...noBase, asked: event.type === 'task' ? otherMessages(event.task.history, runId) : unknownCount }
  return { name, base, draft: nothing, at: timeOf(event) }
}

function timeOf(event: TaskEvent): number | null {
  if (event.type === 'task') return event.task.status.at
  return event.type === 'status' ? event.status.at : null
}
