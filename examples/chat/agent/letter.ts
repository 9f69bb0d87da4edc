import type { Ask, GeneratorItem } from '@rejoin/proxy'
import { escaped } from './answer/markdown.ts'
import { monthName } from './month.ts'
import { isWhole, scopeName } from './question/scope.ts'
import type { SettledQuestion } from './question/question.ts'
import { during } from './step.ts'
import type { Pause } from './wait.ts'

/** What is sent. */
export interface Letter {
  /** Two with the same key are one, which is sent once. */
  key: string
  to: string
  subject: string
}

export interface SendOptions {
  key: string
  ask: Ask
  send(letter: Letter): void
  pause: Pause
}

/**
 * Sends a report if the person says yes. Gives what to say of it.
 *
 * A process may die between the letter and the next checkpoint; whoever goes on asks the same, has the same answer at
 * once, and sends with the same key.
 */
export async function* sendReport(
  { month, scope }: Extract<SettledQuestion, { kind: 'send' }>,
  { key, ask, send, pause }: SendOptions,
): AsyncGenerator<GeneratorItem, string[], undefined> {
  const report = `Sales report${isWhole(scope) ? '' : ` for ${scopeName(scope)}`}: ${monthName(month)}`
  const to = 'the managers'
  const { approved, text } = await ask({
    kind: 'approval',
    prompt: `Send the “${report}” to ${to}?`,
    name: 'send_report',
    input: { report, to },
  })
  if (!approved) return [`Not sent: ${to} have not got it.${text ? ` You said: “${escaped(text)}”.` : ''}\n`]
  yield* during('send', `Sending it to ${to}`, pause)
  send({ key, to, subject: report })
  return [`Sent: ${to} have got **${escaped(report)}**.\n\nHere that is a line in the outbox of the example’s data folder.\n`]
}
