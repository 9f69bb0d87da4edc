'use client'

import { memo, useState, type ReactNode } from 'react'
import { createBlocks } from './blocks.ts'
import { createGroups } from './groups.ts'

/** `open`: more of this block may come. `index`: which block of the text it is. */
export interface BlockState {
  readonly open: boolean
  readonly index: number
}

/** Renders one block of a text: a paragraph, a table, a whole code fence. */
export type RenderBlock = (block: string, state: BlockState) => ReactNode

export interface TextBlocksProps {
  text: string
  /** More of it may come. */
  open: boolean
  render: RenderBlock
}

const groupSize = 64

/** What stands in every part whose text may still grow: its blocks, of which only the last is ever rendered again. */
export function TextBlocks({ text, open, render }: TextBlocksProps): ReactNode {
  const [blocksOf] = useState(createBlocks)
  const [groupsOf] = useState(() => createGroups(groupSize, (_block: string, index) => index))
  const blocks = blocksOf(text)
  const openAt = open ? blocks.length - 1 : -1
  return groupsOf(blocks).map(({ key: from, items }) => (
    <Blocks key={from} blocks={items} from={from} openAt={openAt < from ? -1 : openAt} render={render} />
  ))
}

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
