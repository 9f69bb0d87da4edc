import { answersIn, type ChatMessage } from '@rejoin/core'
import type { Catalog } from '../sales/catalog.ts'
import { inRegion, type Question, readQuestion } from './question.ts'

/** The question that a conversation ends with. */
export function questionOf(messages: readonly ChatMessage[], catalog: Catalog): Question {
  let question: Question = { kind: 'help' }
  let topic: Question | undefined
  for (const message of messages.filter(({ role }) => role === 'user')) {
    const answers = answersIn(message)
    for (const { text = '' } of answers) {
      // What was asked back is settled: “and in March?” stays in the region.
      if (topic?.kind === 'which_region') topic = inRegion(topic, text, catalog) ?? topic
    }
    if (answers.length > 0) continue
    question = readQuestion(wordsOf(message), catalog, topic)
    // A "thanks" in between does not change what is talked about.
    if ('month' in question) topic = question
  }
  return question
}

function wordsOf({ parts }: ChatMessage): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
