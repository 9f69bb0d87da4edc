import { type Answer } from './answer.ts'

/** Answers to questions, by the question. */
export type Answers = Map<string, Answer>

export function answerTo(answers: Answers, question: string): Answer {
  const answer = answers.get(question)
  if (answer === undefined) throw new Error(`Nobody has prepared an answer to ${JSON.stringify(question)}.`)
  return answer
}
