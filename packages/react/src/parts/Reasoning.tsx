'use client'

import { type ReasoningPart } from '@rejoin/core'
import { useContext } from 'react'
import { LiveContext, MessageContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { plainBlock } from './plainBlock.tsx'
import { TextBlocks, type RenderBlock } from './TextBlocks.tsx'

/** What `Chat.Reasoning` takes beside native props. */
export interface ReasoningOwnProps {
  part: ReasoningPart
  /** Whether more of it may come. @default while it is the last part of the message around it, and that is being written */
  writing?: boolean | undefined
  /** As for `Chat.Text`. @default the text as it is */
  renderBlock?: RenderBlock | undefined
  children?: never
}

/**
 * What the agent thought. Open while it is written and nothing else has come, then closed; whoever opens or
 * closes it is not overruled before that. Never read out by itself: it is not the answer.
 */
export const Reasoning: Part<HTMLDetailsElement, PartProps<'details', ReasoningOwnProps>> = part(
  'Chat.Reasoning',
  ({ part: reasoning, writing, renderBlock = plainBlock, children: _none, ...rest }, ref) => {
    const live = useContext(LiveContext)
    const message = useContext(MessageContext)
    const open = writing ?? (live && message?.parts.at(-1) === reasoning)
    return (
      <details
        aria-live="off"
        open={open}
        {...rest}
        ref={ref}
        data-chat-part="reasoning"
        data-writing={open || undefined}
      >
        <summary>{open ? 'Thinking…' : 'What the agent thought'}</summary>
        <div data-reasoning="text">
          <TextBlocks text={reasoning.text} open={open} render={renderBlock} />
        </div>
      </details>
    )
  },
)
