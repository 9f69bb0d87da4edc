import { isRejoinError, RejoinError, type RunOutcome, type RunPause } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { answerIn, answerOf, draftOf, drafted, type Answer, type Draft } from './answer.ts'
import { baseOf, eventSince, noBase, otherMessages, taskSince, unknownCount, type Base } from './base.ts'
import { type A2aClient, type Events } from './client.ts'
import { additionOf } from './difference.ts'
import { type KnownTask } from './handle.ts'
import { elapsedOf, outcomeOf } from './outcome.ts'
import { isOver, taskIdOf, type TaskEvent, type Task } from './protocol.ts'
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
  /** The protocol's name for it. */
  readonly conversation: string | null
}

export type ReadOptions = Omit<WatchOptions, 'subscribe' | 'streamed'>

export interface StartOptions extends ReadOptions {
  /** The conversation that the message was sent in. */
  contextId: string
  /** The task that it answers, as it waited. */
  into: Task | null
}

const nothing: Draft = { taskId: '', status: { state: 'working', at: null, message: null }, artifacts: new Map(), said: new Map() }

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
        const event = eventSince(told, task.base, draft.artifacts.keys())
        const [known, before] = [draft, answer]
        draft = drafted(draft, event)
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
    for await (const read of readTask(client, task, { ...options, subscribe: true, streamed: streamed && draft.status })) {
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
export async function* readTask(client: A2aClient, known: KnownTask, options: WatchOptions): AsyncGenerator<Reading> {
  for await (const seen of watchTask(client, known, options)) {
    const end = endIn(known, seen)
    if (end !== null) yield { type: 'end', task: known, end }
    else yield { type: 'whole', task: known, answer: answerOf(draftOf(seen.task)) }
  }
}

/** `null` while it goes on. */
export function endIn(known: KnownTask, { task, unkept = false, answered = false }: Seen): TaskEnd | null {
  if (!answered) return endOf(known, draftOf(task), unkept)
  return { state: { type: 'completed' }, answer: null, elapsedMs: elapsedOf(known.startedAt, null), conversation: known.contextId || null }
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
    return { name, base, draft: draftOf(taskSince(into, base)), at: timeOf(eventSince(event, base, [])) }
  }
  const base: Base = { ...noBase, asked: event.type === 'task' ? otherMessages(event.task.history, runId) : unknownCount }
  return { name, base, draft: nothing, at: timeOf(event) }
}

function timeOf(event: TaskEvent): number | null {
  if (event.type === 'task') return event.task.status.at
  return event.type === 'status' ? event.status.at : null
}
