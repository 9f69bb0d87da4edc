import {
  answersIn,
  assertRunInput,
  RejoinError,
  splitToken,
  startCursor,
  streamOf,
  textOf,
  type Agent,
  type AgentRunOptions,
  type AnswerPart,
  type ChatMessage,
  type Cursor,
} from '@rejoin/core'
import { scriptAfter, type Script } from './script.ts'
import { createScriptedRun, type ScriptedRun } from './scriptedRun.ts'
import { fingerprint, readHandle, writeHandle } from './scriptHandle.ts'
import { cancelledAt, timelineOf } from './timeline.ts'

/** How fast a script is played. */
export interface ScriptedAgentOptions {
  /** Passes before each update, in milliseconds. @default 0: everything is there at once */
  paceMs?: number | undefined
}

/** One call of a method of the agent. */
export interface AgentCall {
  readonly method: 'run' | 'runStreaming' | 'cancel'
  readonly runId: string
  /** The text of the last message; `null` where none was given. */
  readonly question: string | null
  readonly continuationToken: string | null
}

/** An agent, and what it was asked to do. */
export interface ScriptedAgent extends Agent {
  /** Runs that were started here; joining or resuming one does not count. */
  readonly started: number
  /** Connections: streams that were read, and polls. */
  readonly legs: number
  readonly calls: readonly AgentCall[]
}

/**
 * An agent that plays a script, with no server at all: for tests and stories of a chat.
 *
 * Where a run is follows from the script, the moment it began and the clock alone, and its token says
 * when it began. So it goes on while nobody listens, and an agent made anew of the same script (after a
 * page reload) goes on from a token alone, as if it had been working meanwhile. Only that a run was
 * cancelled is forgotten with the object.
 *
 * @param script what every question is answered with, or a function to that from the question, and from what it answers
 * of what an earlier run has asked
 */
export function scriptedAgent(
  script: Script | ((question: string, answers: readonly AnswerPart[]) => Script),
  { paceMs = 0 }: ScriptedAgentOptions = {},
): ScriptedAgent {
  const runs = new Map<string, ScriptedRun>()
  const calls: AgentCall[] = []
  let started = 0
  let legs = 0

  /** @throws RejoinError `not_found` for an answer to what the script does not ask */
  function scriptOf(question: string | null, answers: readonly AnswerPart[]): Script {
    const whole = typeof script === 'function' ? script(question ?? '', answers) : script
    if (answers.length === 0) return whole
    const rest = scriptAfter(whole, answers.map(({ request }) => request))
    if (rest === null && typeof script !== 'function') throw new RejoinError('not_found')
    return rest ?? whole
  }

  function play(id: string, startedAt: number, question: string | null, answers: readonly AnswerPart[]): ScriptedRun {
    const played = scriptOf(question, answers)
    const handle = writeHandle({
      runId: id,
      startedAt,
      script: fingerprint(played, paceMs),
      question: typeof script === 'function' ? question : null,
      answers,
    })
    const run = createScriptedRun({ id, handle, startedAt, timeline: timelineOf(played, paceMs), since: Date.now() })
    runs.set(id, run)
    return run
  }

  function start(id: string, message: ChatMessage): ScriptedRun {
    const known = runs.get(id)
    if (known) return known
    const run = play(id, Date.now(), textOf(message), answersIn(message))
    started += 1
    return run
  }

  /** @throws RejoinError `token_invalid`, or `expired` for a run of another script */
  function resume(id: string, token: string): ScriptedRun {
    const { runId, startedAt, script: played, question, answers } = readHandle(splitToken(token).handle)
    if (runId !== id) throw new RejoinError('token_invalid')
    const known = runs.get(id)
    if (known) return known
    if (played !== fingerprint(scriptOf(question, answers), paceMs)) throw new RejoinError('expired')
    return play(id, startedAt, question, answers)
  }

  function find(messages: readonly ChatMessage[], { runId, continuationToken }: AgentRunOptions): ScriptedRun {
    const question = messages.at(-1)
    if (question !== undefined) return start(runId, question)
    if (continuationToken != null) return resume(runId, continuationToken)
    const known = runs.get(runId)
    if (known === undefined) throw new RejoinError('expired')
    return known
  }

  function note(method: AgentCall['method'], messages: readonly ChatMessage[], runId: string, token: string | null): void {
    const question = messages.at(-1)
    calls.push({ method, runId, question: question ? textOf(question) : null, continuationToken: token })
  }

  return {
    get started() {
      return started
    },
    get legs() {
      return legs
    },
    calls,
    async run(messages, options) {
      note('run', messages, options.runId, options.continuationToken ?? null)
      assertRunInput(messages, options)
      options.signal?.throwIfAborted()
      legs += 1
      const run = find(messages, options)
      if (messages.length > 0 && options.background !== true) await run.ended(options.signal)
      return run.response(cursorIn(options))
    },
    runStreaming(messages, options) {
      note('runStreaming', messages, options.runId, options.continuationToken ?? null)
      assertRunInput(messages, options)
      return streamOf(async function* () {
        options.signal?.throwIfAborted()
        legs += 1
        yield* find(messages, options).leg(cursorIn(options), options.signal)
      })
    },
    async cancel(options) {
      const { runId, continuationToken, signal } = options
      note('cancel', [], runId, continuationToken)
      signal?.throwIfAborted()
      const run = continuationToken === null ? (runs.get(runId) ?? tombstone(runId)) : resume(runId, continuationToken)
      run.cancel()
      return run.response(cursorIn(options))
    },
  }

  /** A start that comes after its stop finds this and is cancelled. */
  function tombstone(id: string): ScriptedRun {
    const startedAt = Date.now()
    const handle = writeHandle({ runId: id, startedAt, script: '', question: null, answers: [] })
    const run = createScriptedRun({ id, handle, startedAt, timeline: cancelledAt([], 0), since: startedAt })
    runs.set(id, run)
    return run
  }
}

function cursorIn({ continuationToken }: Pick<AgentRunOptions, 'continuationToken'>): Cursor {
  return continuationToken == null ? startCursor : splitToken(continuationToken).cursor
}
