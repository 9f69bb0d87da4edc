import {
  isPart,
  type AnswerPart,
  type ApprovalRequestPart,
  type AuthRequestPart,
  type InputRequestPart,
  type PauseReason,
  type RequestPart,
} from '@rejoin/core'
import { jsonOf } from './item.ts'
import { wentOnDifferently } from './wentOnDifferently.ts'

/** What a generator agent can ask the person: for words, for a yes or no, or to sign in elsewhere. */
export interface AgentQuestions {
  readonly input: Omit<InputRequestPart, 'type' | 'id' | 'kind'>
  readonly approval: Omit<ApprovalRequestPart, 'type' | 'id' | 'kind'>
  readonly auth: Omit<AuthRequestPart, 'type' | 'id' | 'kind'>
}

/** What the person decided. */
export interface Decision {
  readonly approved: boolean
  /** What the person has to say to it. */
  readonly text?: string
}

/** What a question of each kind is answered with. */
export interface AgentAnswers {
  /** The words: one of the `options`, or others. */
  readonly input: string
  readonly approval: Decision
  /** Whether the person has signed in. */
  readonly auth: Decision
}

/**
 * Asks the person.
 *
 * ```ts
 * const city = await ask({ kind: 'input', prompt: 'Which city?', options: ['Rome', 'Oslo'] })
 * const { approved } = await ask({ kind: 'approval', prompt: 'Book it?', name: 'book', input: { city } })
 * ```
 */
export type Ask = <Kind extends keyof AgentAnswers>(question: { readonly kind: Kind } & AgentQuestions[Kind]) => Promise<AgentAnswers[Kind]>

/** What was asked before, and answered. */
export interface KnownAnswer {
  readonly request: RequestPart
  readonly answer: AnswerPart
}

/**
 * So many questions wait together; what is asked beyond that waits for its turn. Each answer is a part of the person's message,
 * and a start takes 64 of them: there is room for files.
 */
const maxTogether = 32

export interface QuestionsOptions {
  /** Of the run that is written to now. */
  requestId(name: string): string
  /** How many were asked before. */
  readonly asked: number
  /** By the names of the requests. */
  readonly known: ReadonlyMap<string, KnownAnswer>
  readonly signal: AbortSignal
  /** There is something to be taken. */
  onAsked(): void
}

/** Asked together. */
interface AskedTogether {
  readonly reason: PauseReason
  readonly requests: readonly RequestPart[]
  answered(answers: readonly AnswerPart[]): void
}

export interface Questions {
  readonly ask: Ask
  /** How many have been asked, those before included. */
  count(): number
  /** What has been asked in turns of the event loop that are over, to be written at once; `null` where there is nothing. */
  take(): AskedTogether | null
}

interface OpenQuestion {
  readonly name: string
  readonly request: RequestPart
  settle(answer: AnswerPart): void
}

const readers: { readonly [Kind in keyof AgentAnswers]: (answer: AnswerPart) => AgentAnswers[Kind] } = {
  input: (answer) => answer.text ?? '',
  approval: decisionIn,
  auth: decisionIn,
}

/** The questions of one generator. They are named by their number, so that one that is called again finds its answers. */
export function createQuestions({ requestId, asked, known, signal, onAsked }: QuestionsOptions): Questions {
  let count = asked
  const gathering: OpenQuestion[] = []
  let ready = false

  async function answerOf<Kind extends keyof AgentAnswers>(kind: Kind, question: object): Promise<AgentAnswers[Kind]> {
    const name = String(count)
    // What is asked while something else waits is written into a later run: only then there is more to its id.
    const request = requestOf(question, name)
    count += 1
    const before = known.get(name)
    if (before && !isSame(before.request, request)) throw wentOnDifferently()
    const read = readers[kind]
    return read(before ? before.answer : await answerTo(name, request))
  }

  function answerTo(name: string, request: RequestPart): Promise<AnswerPart> {
    return new Promise<AnswerPart>((resolve, reject) => {
      signal.throwIfAborted()
      const stop = (): void => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      if (gathering.length === 0) setTimeout(gathered, 0)
      gathering.push({
        name,
        request,
        settle(given) {
          signal.removeEventListener('abort', stop)
          resolve(given)
        },
      })
    })
  }

  function gathered(): void {
    ready = true
    onAsked()
  }

  return {
    ask(question) {
      const answer = answerOf(question.kind, question)
      // Where nobody waits for it any more, its abort is nobody's error.
      answer.catch(() => {})
      return answer
    },
    count: () => count,
    take() {
      const [first] = gathering
      if (!ready || first === undefined) return null
      const together = gathering.splice(0, maxTogether)
      ready = gathering.length > 0
      const requests = together.map(({ name, request }) => ({ ...request, id: requestId(name) }))
      return {
        reason: first.request.kind,
        requests,
        answered(answers) {
          for (const [at, { settle }] of together.entries()) {
            const answer = answers.find(({ request }) => request === requests[at]?.id)
            if (answer) settle(answer)
          }
        },
      }
    },
  }
}

/** @throws TypeError for what is no question */
function requestOf(question: object, id: string): RequestPart {
  const part = jsonOf({ ...question, type: 'request', id })
  if (isPart(part) && part.type === 'request') return part
  throw new TypeError(
    "A generator agent asked something that is no question, so nobody could answer it. Ask with { kind: 'input', prompt, options? }, { kind: 'approval', prompt, name?, input? } or { kind: 'auth', prompt, url? }; the address begins with http: or https:.",
  )
}

function decisionIn(answer: AnswerPart): Decision {
  if (answer.kind === 'input') return { approved: false }
  return { approved: answer.approved, ...(answer.text !== undefined && { text: answer.text }) }
}

function isSame(one: RequestPart, other: RequestPart): boolean {
  const [first, second] = [one, other].map((request) => JSON.stringify(Object.entries({ ...request, id: '' }).sort()))
  return first === second
}
