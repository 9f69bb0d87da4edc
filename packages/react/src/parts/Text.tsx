'use client'

import { textOf } from '@rejoin/core'
import { memo, useContext, useState, type ReactNode } from 'react'
import { createBlocks } from './blocks.ts'
import { createGroups } from './groups.ts'
import { LiveContext, MessageContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { plainBlock } from './plainBlock.tsx'

/** `open`: more of this block may come. `index`: which block of the text it is. */
export interface BlockState {
  readonly open: boolean
  readonly index: number
}

/** Renders one block of a text: a paragraph, a table, a whole code fence. */
export type RenderBlock = (block: string, state: BlockState) => ReactNode

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

const groupSize = 64

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
    const [blocksOf] = useState(createBlocks)
    const [groupsOf] = useState(() => createGroups(groupSize, (_block: string, index) => index))
    const blocks = blocksOf(text ?? (message ? textOf(message) : ''))
    const openAt = live ? blocks.length - 1 : -1
    return (
      <div {...rest} ref={ref} data-chat-part="text">
        {groupsOf(blocks).map(({ key: from, items }) => (
          <Blocks key={from} blocks={items} from={from} openAt={openAt < from ? -1 : openAt} render={renderBlock} />
        ))}
      </div>
    )
  },
)

interface BlocksProps {
  blocks: readonly string[]
  from: number
  openAt: number
  render: RenderBlock
}

const Blocks = memo(function Blocks({ blocks, from, openAt, render }: BlocksProps) {
  return blocks.map((block, at) => {
    const index = from + at
    return <Block key={index} block={block} index={index} open={index === openAt} render={render} />
  })
})

interface BlockProps extends BlockState {
  block: string
  render: RenderBlock
}

const Block = memo(function Block({ block, index, open, render }: BlockProps) {
  return render(block, { open, index })
})
