import {
  newRun,
  reduce,
  userMessage,
  type AgentResponseUpdate,
  type AgentRunOptions,
  type Run,
  type Update,
} from '@rejoin/core'

export const runId = '018f2c4e-0000-7000-8000-000000000001'
export const run = { runId, session: 'support' } satisfies AgentRunOptions
export const inBackground = { ...run, background: true } satisfies AgentRunOptions
export const question = 'Why is that so?'
export const ask = [userMessage(question)]

export async function collect(stream: AsyncIterable<AgentResponseUpdate>): Promise<AgentResponseUpdate[]> {
  const updates: AgentResponseUpdate[] = []
  for await (const update of stream) updates.push(update)
  return updates
}

/** Reads up to the first update that is `last`, and leaves. */
export async function collectUntil(
  stream: AsyncIterable<AgentResponseUpdate>,
  last: (update: AgentResponseUpdate) => boolean,
): Promise<AgentResponseUpdate[]> {
  const updates: AgentResponseUpdate[] = []
  for await (const update of stream) {
    updates.push(update)
    if (last(update)) break
  }
  return updates
}

/** What somebody who has received these updates shows. */
export function shown(updates: readonly Update[]): Run {
  return updates.reduce(reduce, newRun({ id: runId, session: 'support', message: userMessage(question, 'm'), createdAt: 0 }))
}

export function textIn(updates: readonly Update[]): string {
  return shown(updates)
    .parts.map((part) => (part.type === 'text' ? part.text : ''))
    .join('')
}

export function lastToken(updates: readonly AgentResponseUpdate[]): string {
  const token = updates.findLast(({ continuationToken }) => continuationToken !== null)?.continuationToken
  if (token == null) throw new Error('There is no token.')
  return token
}

export function endOf(updates: readonly Update[]): Extract<Update, { type: 'end' }> {
  const end = updates.at(-1)
  if (end?.type !== 'end') throw new Error(`The last update is ${JSON.stringify(end)}.`)
  return end
}

/** The error of what fails. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => {
      throw new Error('It did not fail.')
    },
    (error: unknown) => error,
  )
}

/** The errors of all of them. Together: what fails while another is waited for would be unhandled. */
export async function failuresOf(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  return await Promise.all(promises.map((promise) => failureOf(promise)))
}
