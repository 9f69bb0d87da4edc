'use client'

import { isGrowing, type MessagePart } from '@rejoin/core'
import { memo, useContext, type ReactNode } from 'react'
import { useStableList } from '../useStableList.ts'
import { Answer } from './Answer.tsx'
import { File } from './File.tsx'
import { LiveContext } from './messageContext.ts'
import { Reasoning } from './Reasoning.tsx'
import { Refusal } from './Refusal.tsx'
import { Request } from './Request.tsx'
import { type SourcePart } from './Source.tsx'
import { Sources, sourcesOf } from './Sources.tsx'
import { Text } from './Text.tsx'
import { type RenderBlock } from './TextBlocks.tsx'
import { Tool } from './Tool.tsx'

export interface PiecesProps {
  parts: readonly MessagePart[]
  renderBlock?: RenderBlock | undefined
}

/** Everything in a message, in order, with its sources at the end. What did not change is not rendered again. */
export function Pieces({ parts, renderBlock }: PiecesProps): ReactNode {
  const live = useContext(LiveContext)
  const sources = useStableList(sourcesOf(parts))
  // Parts are only ever added at the end, or put in the place of another.
  return (
    <>
      {parts.map((piece, at) => (
        <Piece key={at} piece={piece} last={live && at === parts.length - 1} renderBlock={renderBlock} />
      ))}
      <SourceList sources={sources} />
    </>
  )
}

/** Whether there is anything of it to see. */
export function isShown(piece: MessagePart): boolean {
  return isGrowing(piece) ? piece.text !== '' : piece.type !== 'data'
}

interface PieceProps {
  piece: MessagePart
  last: boolean
  renderBlock?: RenderBlock | undefined
}

const Piece = memo(function Piece({ piece, last, renderBlock }: PieceProps): ReactNode {
  switch (piece.type) {
    case 'text':
      return <Text text={piece.text} renderBlock={renderBlock} />
    case 'reasoning':
      return isShown(piece) ? <Reasoning part={piece} writing={last} renderBlock={renderBlock} /> : null
    case 'refusal':
      return isShown(piece) ? <Refusal part={piece} /> : null
    case 'tool':
      return <Tool part={piece} />
    case 'file':
      return <File part={piece} />
    case 'request':
      return <Request part={piece} />
    case 'answer':
      return <Answer part={piece} />
    default:
      // Sources stand at the end, data is the app's, and a newer server may send what is not known here.
      return null
  }
})

const SourceList = memo(function SourceList({ sources }: { sources: readonly SourcePart[] }): ReactNode {
  return <Sources sources={sources} />
})
