'use client'

import { type MessagePart } from '@rejoin/core'
import { useContext } from 'react'
import { MessageContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { Source, type SourcePart } from './Source.tsx'

/** What `Chat.Sources` takes beside native props. */
export interface SourcesOwnProps {
  /** @default those of the message around it */
  sources?: readonly SourcePart[] | undefined
  children?: never
}

/** The sources of an answer, numbered, each once however often it is cited. Nothing where there are none. */
export const Sources: Part<HTMLOListElement, PartProps<'ol', SourcesOwnProps>> = part(
  'Chat.Sources',
  ({ sources, children: _none, ...rest }, ref) => {
    const message = useContext(MessageContext)
    const listed = sources ?? sourcesOf(message?.parts ?? [])
    if (listed.length === 0) return null
    return (
      <ol aria-label="Sources" {...rest} ref={ref} data-chat-part="sources">
        {listed.map((source) => (
          <Source key={source.id} part={source} />
        ))}
      </ol>
    )
  },
)

/** In order, without those that name what another one has named before. */
export function sourcesOf(parts: readonly MessagePart[]): readonly SourcePart[] {
  const known = new Map<string, SourcePart>()
  for (const piece of parts) {
    if (piece.type !== 'source-url' && piece.type !== 'source-document') continue
    const name = piece.type === 'source-url' ? piece.url : (piece.fileId ?? piece.filename)
    if (!known.has(`${piece.type} ${name}`)) known.set(`${piece.type} ${name}`, piece)
  }
  return [...known.values()]
}
