import { patient } from '../../patient.ts'
import { type LoggedContext, type LoggedSource } from '../logged/loggedSource.ts'
import { type Produced } from '../logged/produce.ts'
import { requestName } from '../logged/requestId.ts'
import { createQuestions, type KnownAnswer } from './ask.ts'
import { type AgentGenerator } from './generator.ts'
import { entryOf, isCheckpoint } from './item.ts'
import { noteIn, stateOf, type Note } from './note.ts'
import { createRepetition } from './repetition.ts'

/**
 * What a generator does that is called again: it `continues` right after the text that is there, or it `repeats`
 * what came after its checkpoint.
 */
export type AfterRestart = 'continues' | 'repeats'

/** A generator as a source. Without `afterRestart` its runs end with their process. */
export function generatorSource(generator: AgentGenerator, afterRestart: AfterRestart | undefined): LoggedSource<Produced> {
  return {
    read: (context) => read(generator, context, afterRestart),
    produced: (item) => item,
    goesOn: afterRestart !== undefined,
    keepsMessages: true,
    waits: true,
  }
}

async function* read(
  generator: AgentGenerator,
  context: LoggedContext,
  afterRestart: AfterRestart | undefined,
): AsyncGenerator<Produced> {
  const { messages, session, runId, user, signal, left, requestId } = context
  const note = noteIn(left?.checkpoint)
  const repetition = createRepetition(left?.updates ?? [], left && afterRestart === 'repeats' ? note.said : undefined)
  const questions = createQuestions({ requestId, asked: note.asked, known: answeredIn(left), signal, onAsked: () => turns.wake() })
  const { ask } = questions
  const items = generator({ messages, session, runId, user, signal, ask, left: left && { checkpoint: note.state, text: textIn(left) } })[
    Symbol.asyncIterator
  ]()
  const turns = patient(items)
  let isOver = false
  try {
    while (true) {
      const asked = questions.take()
      if (asked !== null) {
        yield { type: 'pause', ...asked }
        continue
      }
      const turn = await turns.next()
      if (turn === null) continue
      if (turn.done) break
      const item = turn.value
      if (isCheckpoint(item)) {
        if (afterRestart === undefined) throw new TypeError(noUse)
        const checkpoint: Note = { state: stateOf(item), said: repetition.said(), asked: questions.count() }
        yield { type: 'entries', entries: [], checkpoint }
        continue
      }
      const entry = entryOf(item)
      const fresh = entry && repetition.fresh(entry)
      if (fresh) yield { type: 'entries', entries: [fresh] }
    }
    isOver = true
    repetition.finish()
  } finally {
    // Not waited for: one that hangs settles its return only after that.
    if (!isOver) void items.return?.().catch((error: unknown) => signal.aborted || context.report(error))
  }
}

const noUse =
  'A generator agent yielded a checkpoint that nobody would go on from: its runs end with their process. Give backgroundAgent `afterRestart`.'

function answeredIn(left: LoggedContext['left']): ReadonlyMap<string, KnownAnswer> {
  const known = new Map<string, KnownAnswer>()
  for (const update of left?.updates ?? []) {
    if (update.type !== 'part' || update.part.type !== 'request') continue
    const request = update.part
    const answer = left?.answers.find((part) => part.request === request.id)
    if (answer) known.set(requestName(request.id), { request, answer })
  }
  return known
}

function textIn({ updates }: NonNullable<LoggedContext['left']>): string {
  return updates.map((update) => (update.type === 'text' ? update.delta : '')).join('')
}
