import { delay, isRejoinError, linkedAbort, pollDelay, RejoinError, type PollOptions } from '@rejoin/core'
import { patient } from '../../patient.ts'
import { stringIn } from '../json.ts'
import { type A2aClient } from './client.ts'
import { isOver, type StreamEvent, type Task, type TaskName } from './protocol.ts'

export interface WatchOptions {
  /** Whether to be told when there is something new. */
  subscribe: boolean
  poll: PollOptions | undefined
  signal: AbortSignal | undefined
}

/** A stream of a task, for the news that there are news. */
interface Subscription {
  /** What the task was when it began. */
  readonly task: Task
  /** Waits for `ms` milliseconds at most. */
  news(ms: number): Promise<'none' | 'some' | 'last' | 'closed'>
  close(): void
}

/**
 * A task as its server keeps it, again and again, up to where it has ended. The last is one that has.
 *
 * A stream that is joined in the middle can not be trusted: it has no numbers, and what the server keeps is behind
 * what it streams for as long as its store is slow, so that between the task at the beginning of the stream and the
 * first event behind it any number may be missing, ends included. The kept task is never wrong, only late. So the
 * stream says when to look, and the kept task what there is.
 *
 * @throws RejoinError `expired` where the server does not know it, `not_found` where it is of another conversation
 */
export async function* watchTask(client: A2aClient, name: TaskName, { subscribe, poll, signal }: WatchOptions): AsyncGenerator<Task> {
  let subscribable = subscribe && (await client.streams(signal))
  let subscription: Subscription | null = null
  let last = ''
  let quiet = 0
  try {
    while (true) {
      signal?.throwIfAborted()
      const askedAt = Date.now()
      let task: Task | null = null
      if (subscription === null && subscribable) {
        subscription = await join(client, name.taskId, signal)
        task = subscription?.task ?? null
        // Refused, because it has ended, or for ever; or of no use, since one event of it is too large, say.
        subscribable = subscription !== null
      }
      task ??= await client.task(name.taskId, signal)
      if (task.contextId !== name.contextId) throw new RejoinError('not_found')
      const readAt = Date.now()
      yield task
      if (isOver(task)) return

      const now = extentOf(task)
      quiet = now === last ? quiet + 1 : 1
      last = now
      // What is slow to answer is not to be asked all the time.
      const floorMs = 2 * (readAt - askedAt)
      const news = await wait(subscription, pollDelay(quiet, floorMs, poll), signal)
      if (news === 'some' || news === 'last') quiet = 0
      if (news === 'last' || news === 'closed') {
        subscription?.close()
        subscription = null
        // The end has been said, and only has to be kept yet.
        subscribable &&= news === 'closed'
      }
      // A server that closes each of its streams at once is asked as seldom as one that has none.
      const gapMs = pollDelay(Math.max(1, quiet), floorMs, poll)
      if (news !== 'none') await delay(Math.max(0, readAt + gapMs - Date.now()), signal)
    }
  } finally {
    subscription?.close()
  }
}

async function wait(subscription: Subscription | null, ms: number, signal: AbortSignal | undefined): ReturnType<Subscription['news']> {
  if (subscription !== null) return await subscription.news(ms)
  await delay(ms, signal)
  return 'none'
}

/** `null` where there is none, or none that can be read. */
async function join(client: A2aClient, taskId: string, signal: AbortSignal | undefined): Promise<Subscription | null> {
  const leg = linkedAbort(signal)
  let joined = false
  try {
    const source = await client.subscribe(taskId, leg.signal)
    if (source === null) return null
    const turns = patient(source)
    const turn = await turns.next()
    const [begun, ...others] = turn === null || turn.done ? [] : turn.value
    if (begun?.type !== 'task') throw new RejoinError('bad_response')
    let ahead = others
    joined = true
    return {
      task: begun.task,
      async news(ms) {
        const until = Date.now() + ms
        let some = ahead.length > 0
        let last = ahead.some(isEnd)
        ahead = []
        try {
          // A stream that always has more must not keep the task from being read.
          for (let waitMs = some ? 0 : ms; !last && Date.now() <= until; waitMs = 0) {
            const turn = await turns.next(waitMs)
            if (turn === null) break
            if (turn.done) return 'closed'
            some ||= turn.value.length > 0
            last = turn.value.some(isEnd)
          }
        } catch (error) {
          signal?.throwIfAborted()
          if (!isRejoinError(error)) throw error
          return 'closed'
        }
        if (last) return 'last'
        return some ? 'some' : 'none'
      },
      close() {
        leg.release()
        leg.abort(new DOMException('The stream is over.', 'AbortError'))
        void source.return(undefined).catch(() => {})
      },
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (isRejoinError(error) && error.code === 'bad_response') return null
    throw error
  } finally {
    if (!joined) {
      leg.release()
      leg.abort(new DOMException('The stream is over.', 'AbortError'))
    }
  }
}

function isEnd(event: StreamEvent): boolean {
  return event.type === 'status' && isOver(event)
}

/** Differs where something has been added. */
function extentOf({ status, artifacts, history }: Task): string {
  const pieces = artifacts.map(({ parts }) => parts.map((part) => stringIn(part, 'text')?.length ?? '-').join('+')).join(',')
  return [status.state, status.at, history.length, pieces].join(' ')
}
