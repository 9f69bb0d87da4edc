import { isRejoinError, RejoinError, type RunOutcome } from '@rejoin/core'
import { type LogEntry } from '../../logs/eventLog.ts'
import { answerIn, answerOf, draftOf, drafted, type Answer, type Draft } from './answer.ts'
import { type A2aClient, type Events } from './client.ts'
import { additionOf } from './difference.ts'
import { type KnownTask } from './handle.ts'
import { elapsedOf, outcomeOf } from './outcome.ts'
import { isOver, type StreamEvent, type Task } from './protocol.ts'
import { watchTask, type WatchOptions } from './watchTask.ts'

/** What is read of a task. */
export type Reading =
  /** What an event adds to what has been read before, and what that comes to. */
  | { readonly type: 'more'; readonly task: KnownTask; readonly entries: readonly LogEntry[]; readonly answer: Answer }
  /** How far it is, whatever has been read before. */
  | { readonly type: 'whole'; readonly task: KnownTask; readonly answer: Answer }
  /** `null` where the agent has answered without a task. */
  | { readonly type: 'end'; readonly task: KnownTask | null; readonly end: TaskEnd }

export interface TaskEnd {
  readonly outcome: RunOutcome
  readonly answer: Answer
  readonly elapsedMs: number
}

export type ReadOptions = Omit<WatchOptions, 'subscribe'>

const nothing: Draft = { status: { state: 'working', at: null, message: null }, artifacts: new Map(), said: new Map() }

/**
 * Reads what a message has started to its end, whatever becomes of its stream. That stream is whole from its first event on,
 * so each of them counts as it comes; but no end does that the server has not kept.
 * @throws RejoinError `start_unknown` where the stream ends before it has said anything
 */
export async function* readStart(client: A2aClient, events: Events, options: ReadOptions): AsyncGenerator<Reading> {
  const calledAt = Date.now()
  let task: KnownTask | null = null
  let draft = nothing
  let answer = answerOf(draft)

  try {
    reading: for await (const batch of events) {
      for (const event of batch) {
        if (event.type === 'message') {
          // In a task's own stream it says nothing of the task.
          if (task !== null) continue
          const end: TaskEnd = { outcome: { type: 'completed' }, answer: answerIn(event.message), elapsedMs: Date.now() - calledAt }
          yield { type: 'end', task, end }
          return
        }
        task ??= begunTask(event, calledAt)
        const [known, before] = [draft, answer]
        draft = drafted(draft, event)
        answer = answerOf(draft)
        yield { type: 'more', task, entries: additionOf(event, known, before, answer), answer }
        if (isOver(draft)) break reading
      }
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (!isRejoinError(error)) throw error
    if (task === null) throw new RejoinError('start_unknown', { cause: error })
  }
  if (task === null) throw new RejoinError('start_unknown')
  const over = isOver(draft)
  try {
    yield* readTask(client, task, { ...options, subscribe: !over })
  } catch (error) {
    // It was whole, and is no longer kept.
    const end = over && isRejoinError(error) && error.code === 'expired' ? endOf(task, draft) : null
    if (end === null) throw error
    yield { type: 'end', task, end }
  }
}

/** Reads a task to its end, as its server keeps it. */
export async function* readTask(client: A2aClient, task: KnownTask, options: WatchOptions): AsyncGenerator<Reading> {
  for await (const kept of watchTask(client, task, options)) {
    const end = endIn(task, kept)
    if (end !== null) yield { type: 'end', task, end }
    else if (options.subscribe) yield { type: 'whole', task, answer: answerOf(draftOf(kept)) }
  }
}

/** `null` while it goes on. */
export function endIn(task: KnownTask, kept: Task): TaskEnd | null {
  return endOf(task, draftOf(kept))
}

function endOf({ startedAt }: KnownTask, draft: Draft): TaskEnd | null {
  const outcome = outcomeOf(draft.status.state)
  return outcome && { outcome, answer: answerOf(draft), elapsedMs: elapsedOf(startedAt, draft.status) }
}

function begunTask(event: Exclude<StreamEvent, { type: 'message' }>, calledAt: number): KnownTask {
  const { taskId, contextId } = event.type === 'task' ? event.task : event.name
  const at = event.type === 'task' ? event.task.status.at : event.type === 'status' ? event.status.at : null
  return { taskId, contextId, startedAt: at ?? calledAt }
}
