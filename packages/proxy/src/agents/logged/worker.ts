import { answersIn, type AnswerPart } from '@rejoin/core'
import { type EventLog, type Lease, type LogHead } from '../../logs/eventLog.ts'
import { createLogWriter, type LogWriter } from '../../logs/writer.ts'
import { answerTo } from './answerTo.ts'
import { ownerOf } from './handle.ts'
import { type LoggedContext, type LoggedSource } from './loggedSource.ts'
import { produce, type ProducedPause } from './produce.ts'
import { requestIdOf } from './requestId.ts'

/** A run to be worked on. */
export interface Work extends Pick<LoggedContext, 'messages' | 'session' | 'runId' | 'user' | 'background' | 'conversation' | 'left'> {
  readonly handle: string
  /** What there is of it already, in bytes. */
  readonly writtenBytes: number
}

export interface WorkerOptions {
  readonly log: EventLog
  readonly lease: Lease
  readonly maxRunBytes: number
  readonly maxPauseMs: number
  onError(error: unknown, run: { readonly session: string; readonly runId: string }): void
}

export interface Worker {
  /** Begins to work on a run that is ours. */
  work(work: Work): Promise<void>
  /** Whether it works on a run, or waits with it. */
  has(handle: string): boolean
  /** Resolves when it does not wait with a run (any more): what waited works on the run that answers then, or was given up. */
  waited(handle: string): Promise<void>
  /** Aborts the work on a run that was cancelled; false where it does not work on it. */
  stop(handle: string): boolean
}

/** Writes runs to the log, each until it ends, waits where nobody goes on, or is somebody else's. */
export function createWorker<T>(source: LoggedSource<T>, options: WorkerOptions): Worker {
  const { log, lease, maxRunBytes, maxPauseMs } = options
  const { holder } = lease
  const working = new Map<string, AbortController>()
  const waiting = new Map<string, Promise<unknown>>()

  async function work({ handle, writtenBytes, ...given }: Work): Promise<void> {
    const { session } = given
    const aborted = new AbortController()
    const { signal } = aborted
    // The run that is written to: what has asked goes on with the one that answers.
    let current = handle
    working.set(handle, aborted)

    function forget(): void {
      if (working.get(current) === aborted) working.delete(current)
    }

    function lost(): void {
      // At once, also where the source does not listen: who reads the run here has to watch its new worker.
      forget()
      aborted.abort(new DOMException('The run is no longer worked on here.', 'AbortError'))
    }

    function runId(): string {
      return ownerOf(current)?.runId ?? given.runId
    }

    function report(error: unknown): void {
      options.onError(error, { session, runId: runId() })
    }

    function writerOf({ startedAt }: LogHead, maxRunBytes: number): LogWriter {
      const conversation = source.keepsMessages ? current : undefined
      return createLogWriter({ log, key: current, holder, startedAt, conversation, maxRunBytes, onClosed: lost, onError: report })
    }

    const head = await log.peek(handle).catch((error: unknown) => {
      // Nobody works on it yet: whoever asks for it next may.
      forget()
      throw error
    })
    // A cancel before this line found nothing to abort; its end is in the log.
    if (head === null || head.end) return forget()
    // What a process that has died wrote counts as well.
    let writer = writerOf(head, maxRunBytes - writtenBytes)

    /** A log that can not be reached just now is no reason to give the run up; whoever took it over says so with the next append. */
    async function hold(): Promise<void> {
      const held = current
      try {
        if (await log.hold(held, lease)) return
        // A run that waits is ended by its answer.
        const isOver = waiting.has(held) && (await log.peek(held))?.end != null
        if (held === current && !isOver) lost()
      } catch (error) {
        report(error)
      }
    }

    async function pause(question: ProducedPause): Promise<readonly AnswerPart[] | null> {
      const asking = current
      const answers = answersTo(question)
      // Noted before anybody can answer: who brings the answer here leaves it to what waits.
      waiting.set(asking, answers)
      const given = await answers
      waiting.delete(asking)
      if (given === null && question.answered) lost()
      return given
    }

    /** Never rejects. */
    async function answersTo(question: ProducedPause): Promise<readonly AnswerPart[] | null> {
      const asking = current
      try {
        await writer.pause(question)
        const paused = await log.peek(asking)
        if (question.answered === undefined || !paused?.pause) return null
        const conversation = source.keepsMessages ? asking : undefined
        const next = await answerTo(asking, paused, { log, holder, signal, maxPauseMs, againMs: lease.ms / 3, conversation, report })
        return next === null ? null : await goOnWith(next)
      } catch (error) {
        if (!signal.aborted) report(error)
        return null
      }
    }

    /** From now on it is this run that is worked on; `null` where it is somebody else's, or has ended. */
    async function goOnWith(next: string): Promise<readonly AnswerPart[] | null> {
      if (!(await log.hold(next, lease))) return null
      const [head, asked] = await Promise.all([log.peek(next), log.asked(next)])
      const message = asked?.messages.at(-1)
      if (head === null || head.end || message === undefined) return null
      forget()
      current = next
      working.set(current, aborted)
      writer = writerOf(head, maxRunBytes)
      return answersIn(message)
    }

    const context: LoggedContext = {
      ...given,
      signal,
      written: () => writer.written(),
      async isOver() {
        await writer.written()
        return (await log.peek(current))?.end != null
      },
      requestId: (name) => requestIdOf(runId(), name),
      report,
    }
    const holding = setInterval(() => void hold(), lease.ms / 3)
    const production = { writer: () => writer, pause, signal, onError: report }
    void produce(() => source.read(context), source.produced, production).finally(() => {
      clearInterval(holding)
      forget()
    })
  }

  return {
    work,
    has: (handle) => working.has(handle),
    async waited(handle) {
      await waiting.get(handle)
    },
    stop(handle) {
      const here = working.get(handle)
      here?.abort(new DOMException('The run was cancelled.', 'AbortError'))
      return here !== undefined
    },
  }
}
