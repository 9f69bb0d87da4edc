'use client'

import { isFileAddress, type FilePart } from '@rejoin/core'
import { type ReactNode } from 'react'
import { part, type Part, type PartProps } from './part.ts'

/** What `Chat.File` takes beside native props. */
export interface FileOwnProps {
  part: FilePart
  children?: never
}

/** A file: an image is shown, any other is a link that bears its name. */
export const File: Part<HTMLElement, PartProps<'figure', FileOwnProps>> = part(
  'Chat.File',
  ({ part: file, children: _none, ...rest }, ref) => (
    <figure {...rest} ref={ref} data-chat-part="file" data-media-type={file.mediaType}>
      {content(file)}
    </figure>
  ),
)

function content({ mediaType, url, filename }: FilePart): ReactNode {
  const image = mediaType.startsWith('image/')
  const name = filename?.trim() || (image ? 'Image' : 'File')
  if (!isFileAddress(url)) return name
  if (image) return <img src={url} alt={name} referrerPolicy="no-referrer" />
  return (
    <a href={url} download={filename ?? true} target="_blank" rel="noopener noreferrer nofollow">
      {name}
    </a>
  )
}
