'use client'

import { type RefusalPart } from '@rejoin/core'
import { useContext } from 'react'
import { LiveContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { plainBlock } from './plainBlock.tsx'
import { TextBlocks } from './TextBlocks.tsx'

/** What `Chat.Refusal` takes beside native props. */
export interface RefusalOwnProps {
  part: RefusalPart
  children?: never
}

/** Why the agent will not do what it was asked, in its own words, and ours that say what they are. */
export const Refusal: Part<HTMLDivElement, PartProps<'div', RefusalOwnProps>> = part(
  'Chat.Refusal',
  ({ part: refusal, children: _none, ...rest }, ref) => {
    const live = useContext(LiveContext)
    return (
      <div {...rest} ref={ref} data-chat-part="refusal">
        <strong data-refusal="label">The agent declines:</strong>
        <div data-refusal="text">
          <TextBlocks text={refusal.text} open={live} render={plainBlock} />
        </div>
      </div>
    )
  },
)
