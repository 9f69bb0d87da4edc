import { backoff, isRejoinError, joinToken, pollDelay, startCursor, type AgentResponse, type RunOutcome, type RunPause } from '@rejoin/core'
import { isClosed } from '../leg/outcome.ts'
import { overOf } from '../leg/place.ts'
import { settledResponse } from '../leg/response.ts'
import { endRun } from '../leg/settle.ts'
import { handleOf, isDone, isRecorded } from '../registry/record.ts'
import { type RunKey, type RunRecord } from '../registry/registry.ts'
import { createAlarm, type Alarm } from './alarm.ts'
import { type RecordedMessage, type RecordMessage } from './record.ts'
import { type RecorderContext, type Watched } from './recorder.ts'

/** Who watches a run says so this often at least; another process takes over when it has not for as long. Milliseconds. */
const leaseMs = 60_000
/** Whether another process has heard of a run is looked for so often. Milliseconds. */
const lookMs = 1_000
/** An agent is not waited for longer than this. Milliseconds. */
const askMs = 60_000
/** How often a message is tried, with waits of 1 s, doubled up to 10 min: in about an hour. How long it rests then. */
const maxTries = 16
const waits = { baseMs: 1_000, capMs: 600_000 }
const restMs = 600_000

interface WatchContext extends RecorderContext {
  readonly record: RecordMessage
  /** This process. */
  readonly holder: string
}

/** What is recorded: the agent's answer, in a state that stays. */
interface Closed extends AgentResponse {
  readonly state: RunOutcome | RunPause
}

/** Asks for a run until it has ended or waits, and records it; one process at a time does. */
export async function watchRun(context: WatchContext, run: RunKey, watched: Watched): Promise<void> {
  const { registry, holder } = context
  const { alarm } = watched
  let record = await registry.settled(run, { signal: new AbortController().signal, again: true })
  if (record !== null && watched.asked !== null) {
    // Nobody else may record the answer before what it answers.
    await registry.claim(run, { holder, ms: leaseMs })
    if (!(await save(context, record, { message: watched.asked, state: null }))) return await rest(context, record)
    watched.asked = null
    record = await registry.get(run)
  }
  if (record?.state === 'running') record = await next(context, record, pollDelay(1, 0), alarm)
  for (let count = 2; record !== null && !isRecorded(record); count += 1) {
    let waitMs = pollDelay(count, 0)
    if (await registry.claim(run, { holder, ms: leaseMs })) {
      const answer = await answerTo(context, record, watched)
      if (answer && isClosedAnswer(answer)) {
        if (!(await saveAnswer(context, record, answer))) return await rest(context, record)
        waitMs = 0
      } else waitMs = pollDelay(count, answer?.pollAfterMs ?? 0)
      if (waitMs > leaseMs / 2) await registry.claim(run, { holder, ms: waitMs + leaseMs })
    }
    record = await next(context, record, waitMs, alarm)
  }
}

/** What is known of the run after a wait, which is over sooner where another process has heard of it. */
async function next({ registry }: WatchContext, { user, runId, state }: RunRecord, waitMs: number, alarm: Alarm): Promise<RunRecord | null> {
  const until = Date.now() + waitMs
  while (true) {
    const leftMs = until - Date.now()
    const isRung = leftMs > 0 && (await alarm.sleep(Math.min(leftMs, lookMs)))
    const record = await registry.get({ user, runId })
    if (isRung || record?.state !== state || Date.now() >= until) return record
  }
}

function isClosedAnswer(answer: AgentResponse): answer is Closed {
  return isClosed(answer.state)
}

/** Where the run is; `null` where nobody can say just now. */
async function answerTo(context: WatchContext, record: RunRecord, watched: Watched): Promise<AgentResponse | null> {
  const { told } = watched
  watched.told = null
  if (told !== null) return await settledResponse(context, record, told, record)
  const handle = handleOf(record)
  if (handle === null) return withoutText(record, stateIn(record))
  const { user, runId, session } = record
  try {
    const continuationToken = joinToken(handle, startCursor)
    const asked = context.agent.run([], { user, runId, session, continuationToken, signal: AbortSignal.timeout(askMs) })
    const answer = await settledResponse(context, record, await asked, record)
    // Somebody has stopped it, and its agent has not heard of that yet.
    return record.state === 'ended' && !isClosed(answer.state) ? { ...answer, state: record.outcome } : answer
  } catch (error) {
    return await lost(context, record, error)
  }
}

/** An agent that no longer has the run will not have it later. */
async function lost(context: WatchContext, record: RunRecord, error: unknown): Promise<AgentResponse | null> {
  const { registry, report } = context
  const isGone = isRejoinError(error) && (error.code === 'expired' || error.code === 'not_found' || error.code === 'token_invalid')
  if (!isGone) {
    report(error, 'poll')
    return null
  }
  const { state } = (await overOf(registry, record, error)) ?? { state: { type: 'expired' } as const }
  await endRun(context, record, { type: 'expired' }, Math.max(0, Date.now() - record.startedAt))
  return withoutText(record, state)
}

function stateIn(record: RunRecord): AgentResponse['state'] {
  if (record.state === 'ended') return record.outcome
  return record.state === 'paused' ? { type: 'paused', reason: record.reason } : { type: 'working' }
}

function withoutText({ runId }: RunRecord, state: AgentResponse['state']): AgentResponse {
  return { runId, state, message: { id: runId, role: 'assistant', parts: [] }, continuationToken: null, elapsedMs: 0 }
}

/** False where it can not be recorded for now. */
async function saveAnswer(context: WatchContext, record: RunRecord, { message, state, usage }: Closed): Promise<boolean> {
  // What it had when it waited is there, and must not be lost where nobody has it any more.
  const isLess = message.parts.length === 0 && record.recorded === 'paused'
  if (!isLess && !(await save(context, record, { message, state, ...(usage && { usage }) }))) return false
  await context.registry.recorded(record, state.type === 'paused' ? 'paused' : 'ended')
  return true
}

/** False where it has been tried often enough; true also where nothing of the run is to be recorded any more. */
async function save(
  { registry, report, record: saved, holder }: WatchContext,
  record: RunRecord,
  said: Pick<RecordedMessage, 'message' | 'state' | 'usage'>,
): Promise<boolean> {
  const { user, session, runId, replaces } = record
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    // Another run may have taken the place of its turn since.
    const known = await registry.get(record)
    if (known !== null && isDone(known)) return true
    try {
      await saved({ user, session, runId, replaces, ...said })
      return true
    } catch (error) {
      report(error, 'record')
      const waitMs = backoff(attempt, 0, false, waits)
      await registry.claim(record, { holder, ms: waitMs + leaseMs })
      await createAlarm().sleep(waitMs)
    }
  }
  return false
}

/** The caller's next request after that begins it anew, in whichever process. */
async function rest({ registry, holder }: WatchContext, record: RunRecord): Promise<void> {
  await registry.claim(record, { holder, ms: restMs })
  await createAlarm().sleep(restMs)
}
