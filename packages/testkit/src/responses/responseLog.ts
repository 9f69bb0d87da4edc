import { type ApiObject } from './apiObject.ts'
import { writeInterlude } from './interlude.ts'
import { type ItemEnd, type OutputItem } from './itemWriter.ts'
import { createLogWriter, type LogEntry, type LogWriter } from './log.ts'
import { type Traits } from './profile.ts'
import { type ResponsesRequest } from './request.ts'
import { responseObject, type ResponseState } from './responseObject.ts'
import { type ResponsesOutcome, type ResponsesScript, type ScriptedItem } from './script.ts'
import { writeItem } from './writeItem.ts'

export interface Keepalives {
  readonly count: number
  readonly everyMs: number
}

export interface ResponseLogOptions {
  id: string
  request: ResponsesRequest
  traits: Traits
  /** When the request came, in milliseconds since the epoch. */
  startedAt: number
  paceMs: number
  /** What comes before the response has an id. */
  keepalives: Keepalives
}

/** All that will ever happen in a response that nobody cancels. Times are milliseconds after the request. */
export interface ResponseLog {
  readonly entries: readonly LogEntry[]
  /** When it gets its id. */
  readonly createdAt: number
  /** When it is no longer queued. */
  readonly begunAt: number
  readonly endedAt: number
  readonly status: ResponsesOutcome['status']
  /** How it is in the end. */
  readonly final: ApiObject
  readonly output: readonly OutputItem[]
}

export function responseLog(script: ResponsesScript, options: ResponseLogOptions): ResponseLog {
  const { id, request, traits, startedAt, paceMs, keepalives } = options
  const { outcome = { status: 'completed' }, queuedMs } = script
  const log = createLogWriter()

  for (let sent = 0; sent < keepalives.count; sent += 1) {
    log.wait(keepalives.everyMs)
    log.event({ type: 'keepalive' })
  }
  const createdAt = log.at

  function response(state: ResponseState): ApiObject {
    return responseObject(id, startedAt + createdAt, request, state)
  }

  const queues = request.background || queuedMs !== undefined
  log.event({ type: 'response.created', response: response({ status: queues ? 'queued' : 'in_progress' }) })
  log.pace(paceMs)
  if (queues) log.event({ type: 'response.queued', response: response({ status: 'queued' }) })
  log.wait(queuedMs ?? 0)
  log.event({ type: 'response.in_progress', response: response({ status: 'in_progress' }) })
  const begunAt = log.at

  const output = writeOutput(log, script.output, outcome, id.replace(/^resp_/, ''))
  log.skip(traits.lastGap)
  const silent = traits.hangs && outcome.status !== 'completed'
  const final = response({
    ...endState(outcome, output),
    ...(outcome.status === 'completed' && { completedAt: startedAt + log.at + paceMs }),
    usage: usageOf(request, log.entries),
  })
  if (silent) log.mark('silence')
  else log.event({ type: `response.${outcome.status}`, response: final })
  return { entries: log.entries, createdAt, begunAt, endedAt: log.at, status: outcome.status, final, output }
}

function writeOutput(
  log: LogWriter,
  steps: ResponsesScript['output'],
  outcome: ResponsesOutcome,
  suffix: string,
): readonly OutputItem[] {
  const output: OutputItem[] = []
  for (const [at, step] of steps.entries()) {
    const item = itemOf(step)
    if (item) {
      const end = at === steps.length - 1 ? ends[outcome.status] : 'completed'
      output.push(writeItem(log, item, { suffix, index: output.length, end }))
    } else if (typeof step === 'object' && !('type' in step)) {
      writeInterlude(log, step)
    }
  }
  return output
}

function itemOf(step: ResponsesScript['output'][number]): ScriptedItem | null {
  if (typeof step === 'string') return { type: 'message', text: step }
  return 'type' in step ? step : null
}

/** How the item ends that was being written when the response ended. */
const ends: Record<ResponsesOutcome['status'], ItemEnd> = {
  completed: 'completed',
  incomplete: 'incomplete',
  failed: 'unfinished',
}

function endState(outcome: ResponsesOutcome, output: readonly OutputItem[]): ResponseState {
  const { status } = outcome
  if (status === 'failed') return { status, error: { code: outcome.code, message: outcome.message } }
  if (status === 'incomplete') return { status, output, incompleteReason: outcome.reason }
  return { status, output }
}

/** A token is a delta here. */
function usageOf({ history, input }: ResponsesRequest, entries: readonly LogEntry[]): ApiObject {
  const deltas = entries.flatMap((entry) =>
    entry.kind === 'event' && entry.event.type.endsWith('.delta') ? [entry.event.type] : [],
  )
  const reasoning = deltas.filter((type) => type.startsWith('response.reasoning')).length
  const inputTokens = Math.ceil(JSON.stringify([...history, ...input]).length / 4)
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: deltas.length,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: inputTokens + deltas.length,
  }
}
