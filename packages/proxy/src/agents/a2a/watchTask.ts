import { delay, isRejoinError, linkedAbort, pollDelay, RejoinError, type PollOptions } from '@rejoin/core'
import { patient } from '../../patient.ts'
import { stringIn } from '../json.ts'
import { type A2aClient } from './client.ts'
import { isAnswered, taskSince } from './base.ts'
import { type KnownTask } from './handle.ts'
import { isOver, waits, type StreamEvent, type Task, type TaskStatus } from './protocol.ts'

export interface WatchOptions {
  /** The run for which the task is watched. */
  runId: string
  /** Whether to be told when there is something new. */
  subscribe: boolean
  /** The status of an end, or of a question, that a stream has told, and all that came before it. Up to there nothing is told again. */
  streamed?: TaskStatus | null
  /** So long after it was streamed an end counts that is not kept. Milliseconds. */
  keptMs: number
  poll: PollOptions | undefined
  signal: AbortSignal | undefined
}

/** A task as its server keeps it, for one run. */
export interface Seen {
  readonly task: Task
  /** All of it, whoever's it is. */
  readonly kept: Task
  /** Whether its end was streamed, and is not kept: what it holds may lack what came before that. */
  readonly unkept: boolean
  /** Whether another run goes on with it: what it holds may be that one's. */
  readonly answered: boolean
}

/** At least so long passes between two looks at a task that has news. Milliseconds. */
const newsMs = 50

/** A look takes so much of the time at most: one part in that many. */
const lookShare = 4

/** Runs that began so long ago have mostly ended when somebody comes back to them. Milliseconds. */
const longMs = 60_000

type News =
  | { readonly type: 'none' | 'some' | 'closed' }
  /** It has ended, or waits. */
  | { readonly type: 'last'; readonly status: TaskStatus }

/** A stream of a task, for the news that there are news. */
interface Subscription {
  /** What the task was when it began. */
  readonly task: Task
  /** Waits for `ms` milliseconds at most. */
  news(ms: number): Promise<News>
  close(): void
}

/** A task as a run finds it. */
export function seenBy(runId: string, task: Task, { base }: KnownTask): Seen {
  return { task: taskSince(task, base), kept: task, unkept: false, answered: isAnswered(task, base, runId) }
}

/**
 * A task as its server keeps it, again and again, up to where it has ended or waits, for the run that asks. The last is one that has.
 *
 * A stream that is joined in the middle can not be trusted: it has no numbers, and what the server keeps is behind
 * what it streams for as long as its store is slow, so that between the task at the beginning of the stream and the
 * first event behind it any number may be missing, ends included. The kept task is never wrong, only late. So the
 * stream says when to look, and the kept task what there is.
 *
 * @throws RejoinError `expired` where the server does not know it, `not_found` where it is of another conversation
 */
export async function* watchTask(client: A2aClient, known: KnownTask, options: WatchOptions): AsyncGenerator<Seen> {
  const { runId, subscribe, keptMs, poll, signal } = options
  let subscribable = subscribe && (await client.streams(signal))
  let subscription: Subscription | null = null
  let end = options.streamed ? { status: options.streamed, at: Date.now() } : null
  let whole = end !== null
  /** Servers that are asked for the stream of a task that has ended make an error of it. */
  let askFirst = Date.now() - known.startedAt > longMs
  let last = ''
  let quiet = 0
  try {
    while (true) {
      signal?.throwIfAborted()
      const askedAt = Date.now()
      let task: Task | null = null
      // Of an end that has been said nothing is to be heard any more: it only has to be kept yet.
      if (subscription === null && subscribable && end === null && !askFirst) {
        subscription = await join(client, known.taskId, signal)
        task = subscription?.task ?? null
        // Refused, because it has ended, or for ever; or of no use, since one event of it is too large, say.
        subscribable = subscription !== null
      }
      task ??= await client.task(known.taskId, signal)
      if (task.contextId !== known.contextId) throw new RejoinError('not_found')
      const readAt = Date.now()
      const seen = seenBy(runId, task, known)
      const over = seen.answered || isOver(seen.task)
      if (!over && end !== null && isBehind(end.status, seen.task.status)) {
        end = null
        whole = false
      }
      if (over || !whole) yield seen
      if (over) return
      if (end !== null && readAt - end.at >= keptMs) {
        yield { ...seen, task: { ...seen.task, status: end.status }, unkept: true }
        return
      }
      if (subscription === null && subscribable && end === null) {
        // It was asked first, and goes on.
        askFirst = false
        continue
      }

      const now = extentOf(task)
      quiet = now === last ? quiet + 1 : 1
      last = now
      // What is slow to answer is not to be asked all the time.
      const tookMs = readAt - askedAt
      const calmMs = (): number => pollDelay(Math.max(1, quiet), 2 * tookMs, poll)
      const restMs = end === null ? Infinity : Math.max(0, end.at + keptMs - readAt)
      const news = await wait(subscription, Math.min(restMs, calmMs()), signal)
      if (news.type !== 'none' && news.type !== 'closed') quiet = 0
      if (news.type === 'last') end = { status: news.status, at: Date.now() }
      if (news.type === 'last' || news.type === 'closed') {
        subscription?.close()
        subscription = null
        askFirst = true
      }
      // A server that closes each of its streams at once is asked as seldom as one that has none.
      const gapMs = news.type === 'closed' ? calmMs() : Math.min(calmMs(), Math.max(newsMs, lookShare * tookMs))
      if (news.type !== 'none') await delay(Math.max(0, readAt + gapMs - Date.now()), signal)
    }
  } finally {
    subscription?.close()
  }
}

/** Whether a task that waited has gone on since: the person has signed in elsewhere, say. */
function isBehind(end: TaskStatus, now: TaskStatus): boolean {
  return waits(end.state) && end.at !== null && now.at !== null && now.at > end.at
}

async function wait(subscription: Subscription | null, ms: number, signal: AbortSignal | undefined): Promise<News> {
  if (subscription !== null) return await subscription.news(ms)
  await delay(ms, signal)
  return { type: 'none' }
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
        let last = closingIn(ahead)
        ahead = []
        try {
          // A stream that always has more must not keep the task from being read.
          for (let waitMs = some ? 0 : ms; last === null && Date.now() <= until; waitMs = 0) {
            const turn = await turns.next(waitMs)
            if (turn === null) break
            if (turn.done) return { type: 'closed' }
            some ||= turn.value.length > 0
            last = closingIn(turn.value)
          }
        } catch (error) {
          signal?.throwIfAborted()
          if (!isRejoinError(error)) throw error
          return { type: 'closed' }
        }
        if (last !== null) return { type: 'last', status: last }
        return { type: some ? 'some' : 'none' }
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

function closingIn(events: readonly StreamEvent[]): TaskStatus | null {
  for (const event of events) if (event.type === 'status' && isOver(event)) return event.status
  return null
}

/** Differs where something has been added. */
function extentOf({ status, artifacts, history }: Task): string {
  const pieces = artifacts.map(({ parts }) => parts.map((part) => stringIn(part, 'text')?.length ?? '-').join('+')).join(',')
  return [status.state, status.at, history.length, pieces].join(' ')
}
