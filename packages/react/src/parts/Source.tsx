'use client'

import { isWebAddress, type SourceDocumentPart, type SourceUrlPart } from '@rejoin/core'
import { type ReactNode } from 'react'
import { hostOf } from './address.ts'
import { part, type Part, type PartProps } from './part.ts'

/** A part that says what an answer stands on. */
export type SourcePart = SourceUrlPart | SourceDocumentPart

/** What `Chat.Source` takes beside native props. */
export interface SourceOwnProps {
  part: SourcePart
  children?: never
}

/** What an answer stands on: a link to a page, or the name of a document. An item of `Chat.Sources`. */
export const Source: Part<HTMLLIElement, PartProps<'li', SourceOwnProps>> = part(
  'Chat.Source',
  ({ part: source, children: _none, ...rest }, ref) => (
    <li {...rest} ref={ref} data-chat-part="source" data-source={source.type === 'source-url' ? 'url' : 'document'}>
      {source.type === 'source-url' ? <Link source={source} /> : source.filename}
    </li>
  ),
)

function Link({ source: { url, title } }: { source: SourceUrlPart }): ReactNode {
  const words = title?.trim() || hostOf(url)
  if (!isWebAddress(url)) return words
  return (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      {words}
    </a>
  )
}
