import { requestsIn, type AnswerPart, type FilePart, type RequestPart } from '../message.ts'
import { isAsking, shownParts, type Run } from '../run.ts'

/**
 * What the person says to a request of the agent: words for `input`; yes or no for `approval`; for `auth` whether they
 * have signed in. A decision can have words with it.
 */
export type Answer = string | boolean | { readonly approved: boolean; readonly text?: string | undefined }

/** The answers to what one run asks, until all of them are there. */
export interface GivenAnswers {
  /** Those that wait for the others, by the requests' ids. */
  readonly given: ReadonlyMap<string, AnswerPart>
  /** The one request that whatever the person writes answers; `null` where there is none, or more than one. */
  openInput(run: Run): RequestPart | null
  /**
   * The parts of the answer, files that came with any of it included, once all is there; `waits` while some is missing. `null`: the
   * run does not ask for that.
   */
  give(run: Run, request: string, answer: Answer, files?: readonly FilePart[]): readonly (AnswerPart | FilePart)[] | 'waits' | null
  /** All that was given so far, files included: for other tabs. */
  told(): readonly (AnswerPart | FilePart)[]
  /** What was given in another tab. The same as `give`. */
  take(run: Run, answers: readonly (AnswerPart | FilePart)[]): readonly (AnswerPart | FilePart)[] | 'waits'
  clear(): void
}

export function createGivenAnswers(): GivenAnswers {
  const given = new Map<string, AnswerPart>()
  let attached: readonly FilePart[] = []

  function partsFor(run: Run): readonly (AnswerPart | FilePart)[] | 'waits' {
    const requests = askedBy(run)
    const parts = requests.flatMap(({ id }) => given.get(id) ?? [])
    return parts.length === requests.length ? [...parts, ...attached] : 'waits'
  }

  return {
    given,
    openInput(run) {
      const [request, ...others] = askedBy(run).filter(({ id, kind }) => kind === 'input' && !given.has(id))
      return request === undefined || others.length > 0 ? null : request
    },
    give(run, id, answer, files = []) {
      const request = askedBy(run).find((request) => request.id === id)
      const part = request === undefined ? null : partOf(request, answer)
      if (part === null) return null
      given.set(id, part)
      attached = [...attached, ...files]
      return partsFor(run)
    },
    told: () => [...given.values(), ...attached],
    take(run, answers) {
      for (const part of answers) {
        if (part.type === 'answer') given.set(part.request, part)
        else if (!attached.some(({ id }) => id === part.id)) attached = [...attached, part]
      }
      return partsFor(run)
    },
    clear() {
      given.clear()
      attached = []
    },
  }
}

/** The server has what waits no more, so that an answer could not come to anything else. */
const pointless: ReadonlySet<string> = new Set(['conversation_lost', 'not_found'])

/** Whether an answer has failed before anything came of it: then its question stands. */
function hasComeToNothing(run: Run): boolean {
  const { start, state } = run
  if (start.answers === undefined || state.type !== 'failed' || pointless.has(state.code)) return false
  return shownParts(run).length === 0
}

/** The run whose questions stand, of a session's, oldest first: one that waits, or whose answer has come to nothing. */
export function questionIn(runs: readonly Run[]): Run | null {
  const last = runs.at(-1)
  if (last === undefined) return null
  if (isAsking(last.state)) return last
  return (hasComeToNothing(last) && runs.find(({ start }) => start.id === last.start.answers)) || null
}

export function asksToSignIn(run: Run, request: string): boolean {
  return askedBy(run).some(({ id, kind }) => id === request && kind === 'auth')
}

function askedBy(run: Run): readonly RequestPart[] {
  return requestsIn({ parts: shownParts(run) })
}

/** `null` where the answer is of another kind than the request. */
function partOf({ kind, id: request }: RequestPart, answer: Answer): AnswerPart | null {
  if (kind === 'input') return typeof answer === 'string' ? { type: 'answer', kind, request, text: answer } : null
  if (typeof answer === 'string') return null
  const { approved, text } = typeof answer === 'boolean' ? { approved: answer } : answer
  return { type: 'answer', kind, request, approved, ...(text !== undefined && { text }) }
}
