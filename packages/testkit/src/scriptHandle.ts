import { RejoinError, type AnswerPart } from '@rejoin/core'
import { type Script } from './script.ts'

/** All that is needed to go on with a scripted run: the handle of its tokens. */
export interface ScriptHandle {
  readonly runId: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** The fingerprint of the script it plays. */
  readonly script: string
  /** Where the script depends on it. */
  readonly question: string | null
  readonly answers: readonly AnswerPart[]
}

export function writeHandle({ runId, startedAt, script, question, answers }: ScriptHandle): string {
  return encodeURIComponent(JSON.stringify([runId, startedAt, script, question, answers]))
}

/** @throws RejoinError `token_invalid` for what no scripted agent wrote */
export function readHandle(handle: string): ScriptHandle {
  const value = parse(handle)
  if (!Array.isArray(value)) throw new RejoinError('token_invalid')
  const [runId, startedAt, script, question, answers]: unknown[] = value
  if (typeof runId !== 'string' || typeof startedAt !== 'number' || typeof script !== 'string') {
    throw new RejoinError('token_invalid')
  }
  return { runId, startedAt, script, question: typeof question === 'string' ? question : null, answers: Array.isArray(answers) ? answers : [] }
}

function parse(handle: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(handle))
  } catch {
    return null
  }
}

/** The same for the same script and pace: a token of a script that was edited since must not go on in the new one. */
export function fingerprint(script: Script, paceMs: number): string {
  let hash = 0x811c9dc5
  for (const character of JSON.stringify([script.steps, script.outcome, paceMs])) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  }
  return hash.toString(16)
}
