import { delay, type Agent } from '@rejoin/core'
import { backgroundAgent, type EventLog, type GeneratorContext, type GeneratorItem } from '@rejoin/proxy'
import { openAIResponsesAgent } from '@rejoin/proxy/openai'
import { handlerFetch, responsesEmulator, type ResponsesEmulator, type ScriptedItem } from '@rejoin/testkit'
import { mortal } from './mortal.ts'
import { timingOf, type Plan } from './plan.ts'

/** What an agent needs of the process that it lives in. */
interface AgentProcess {
  /** Aborts when the process dies. */
  readonly life: AbortSignal
  readonly log: EventLog
  onError(error: unknown): void
}

/** The agents of a plan, one for each process, and what they work on. */
export interface PlannedAgents {
  create(process: AgentProcess): Agent
  /** How often an answer was begun. What goes on after a restart was begun before. */
  started(): number
  /** Whether an answer that was begun was stopped before all of it was said. */
  cancelled(): boolean
  /** Whether all of the answer has been said. */
  whole(): boolean
}

export function plannedAgents(plan: Plan): PlannedAgents {
  return plan.agent === 'openai' ? models(plan) : generators(plan, plan.agent)
}

function generators({ answer: { items }, engine }: Plan, afterRestart: 'repeats' | 'continues'): PlannedAgents {
  let started = 0
  let cancelled = false
  let whole = false

  async function* say({ signal, left }: GeneratorContext, life: AbortSignal): AsyncGenerator<GeneratorItem> {
    if (left === null) started += 1
    const from = afterRestart === 'continues' ? lengthSaid(left?.text ?? '') : typeof left?.checkpoint === 'number' ? left.checkpoint : 0
    const ends = AbortSignal.any([signal, life])
    signal.addEventListener('abort', () => (cancelled ||= !life.aborted && !whole), { once: true })
    for (const [at, item] of items.entries()) {
      if (at < from) continue
      ends.throwIfAborted()
      if (item.type === 'pause') await delay(item.ms, ends)
      else yield item
      if (at % 7 === 6) yield { type: 'checkpoint', state: at + 1 }
    }
    whole = true
  }

  /** How many items have been said with this text. */
  function lengthSaid(text: string): number {
    let said = 0
    const next = items.findIndex((item) => {
      if (said >= text.length) return true
      if (item.type === 'text') said += item.delta.length
      return false
    })
    return next === -1 ? items.length : next
  }

  return {
    create: ({ life, log, onError }) =>
      backgroundAgent((context) => say(context, life), {
        log: mortal(log, life),
        leaseMs: timingOf(engine).leaseMs,
        afterRestart,
        onError,
      }),
    started: () => started,
    cancelled: () => cancelled,
    whole: () => whole,
  }
}

/** The provider lives on when a process dies. */
function models(plan: Plan): PlannedAgents {
  const emulator = emulatorOf(plan)
  const provider = handlerFetch(emulator.handler)
  return {
    create: ({ life, onError }) =>
      openAIResponsesAgent({
        apiKey: 'sk-test',
        model: 'o3',
        baseURL: 'http://api.test/v1',
        poll: timingOf(plan.engine).poll,
        fetch: (url, init) => provider(url, { ...init, signal: init.signal ? AbortSignal.any([init.signal, life]) : life }),
        onError,
      }),
    started: () => emulator.responses.length,
    cancelled: () => emulator.responses.some(({ status }) => status === 'cancelled'),
    whole: () => emulator.responses.some(({ status }) => status === 'completed'),
  }
}

function emulatorOf({ answer, events }: Plan): ResponsesEmulator {
  const expires = events.find(({ type }) => type === 'expire_window')
  return responsesEmulator({ answer: { output: scriptOf(answer) }, ...(expires && { windowMs: expires.atMs }) })
}

type Written = { type: 'text' | 'reasoning'; readonly deltas: (string | { readonly wait: number })[] }

/** Pieces of one kind that follow each other are of the same item. */
function scriptOf({ items }: Plan['answer']): ScriptedItem[] {
  const written: Written[] = []
  let waits: { readonly wait: number }[] = []
  for (const item of items) {
    if (item.type === 'pause') waits.push({ wait: item.ms })
    if (item.type !== 'text' && item.type !== 'reasoning') continue
    let last = written.at(-1)
    if (last?.type !== item.type) written.push((last = { type: item.type, deltas: [] }))
    last.deltas.push(...waits, item.delta)
    waits = []
  }
  written.at(-1)?.deltas.push(...waits)
  return written.map(({ type, deltas }) => (type === 'text' ? { type: 'message', text: deltas } : { type, summary: [deltas] }))
}
