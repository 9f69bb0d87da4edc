'use client'

import { type AnswerPart } from '@rejoin/core'
import { describeDecision } from '../words.ts'
import { part, type Part, type PartProps } from './part.ts'

/** What `Chat.Answer` takes beside native props. */
export interface AnswerOwnProps {
  part: AnswerPart
  children?: never
}

/** What the person has answered to the agent: their words, or ours for a yes or no. */
export const Answer: Part<HTMLDivElement, PartProps<'div', AnswerOwnProps>> = part(
  'Chat.Answer',
  ({ part: answer, children: _none, ...rest }, ref) => (
    <div
      {...rest}
      ref={ref}
      data-chat-part="answer"
      data-answer-kind={answer.kind}
      data-approved={answer.kind === 'input' ? undefined : answer.approved}
    >
      {answer.kind !== 'input' && <span data-answer="decision">{describeDecision(answer)}</span>}
      {answer.text !== undefined && answer.text !== '' && <div data-answer="text">{answer.text}</div>}
    </div>
  ),
)
