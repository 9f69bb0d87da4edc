'use client'

import { textOf } from '@rejoin/core'
import { useContext } from 'react'
import { LiveContext, MessageContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { plainBlock } from './plainBlock.tsx'
import { TextBlocks, type RenderBlock } from './TextBlocks.tsx'

/** What `Chat.Text` takes beside native props. */
export interface TextOwnProps {
  /** @default all text of the message around it */
  text?: string | undefined
  /**
   * Called for a block when its text changes, and never again once the block is finished. Give the same
   * function on each render. `markdownBlock` from `@rejoin/react/markdown` is one.
   * @default the text as it is, a `div` for each block
   */
  renderBlock?: RenderBlock | undefined
  children?: never
}

/**
 * A text that may still grow. It is rendered in blocks, cut at blank lines outside of code fences:
 * finished blocks are neither rendered nor parsed again, so a long answer costs what its last paragraph
 * costs. Without `renderBlock` its text content is the text, to the byte.
 */
export const Text: Part<HTMLDivElement, PartProps<'div', TextOwnProps>> = part(
  'Chat.Text',
  ({ text, renderBlock = plainBlock, children: _none, ...rest }, ref) => {
    const live = useContext(LiveContext)
    const message = useContext(MessageContext)
    return (
      <div {...rest} ref={ref} data-chat-part="text">
        <TextBlocks text={text ?? (message ? textOf(message) : '')} open={live} render={renderBlock} />
      </div>
    )
  },
)
