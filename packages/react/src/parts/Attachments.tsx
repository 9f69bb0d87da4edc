'use client'

import { type MouseEvent, type ReactNode } from 'react'
import { type Attachment } from './attachment.ts'
import { useComposer } from './composerContext.ts'
import { focusInput } from './focusInput.ts'
import { part, type Part, type PartProps } from './part.ts'

/**
 * The files that go with the message that is being written: how far their uploads are, and what is wrong with them. Nothing
 * where there are none.
 */
export const Attachments: Part<HTMLDivElement, PartProps<'div', { children?: never }>> = part(
  'Chat.Attachments',
  ({ children: _none, ...rest }, ref) => {
    const { files } = useComposer('Attachments')
    if (files === null || (files.list.length === 0 && files.notes.length === 0)) return null
    const { list, notes, remove, retry } = files
    return (
      <div {...rest} ref={ref} data-chat-part="attachments">
        {list.length > 0 && (
          <ul aria-label="Files to send" data-attachments="list">
            {list.map((attachment) => (
              <Item key={attachment.id} attachment={attachment} onRemove={remove} onRetry={retry} />
            ))}
          </ul>
        )}
        {notes.length > 0 && (
          <div role="alert" data-attachments="notes">
            {notes.map((note) => (
              <p key={note}>{note}</p>
            ))}
          </div>
        )}
      </div>
    )
  },
)

interface ItemProps {
  attachment: Attachment
  onRemove(id: string): void
  onRetry(id: string): void
}

function Item({ attachment: { id, file, state }, onRemove, onRetry }: ItemProps): ReactNode {
  function remove({ currentTarget }: MouseEvent<HTMLButtonElement>): void {
    // It vanishes under the focus.
    focusInput(currentTarget)
    onRemove(id)
  }

  function retry({ currentTarget }: MouseEvent<HTMLButtonElement>): void {
    const [next] = [...(currentTarget.parentElement?.querySelectorAll('button') ?? [])].filter((button) => button !== currentTarget)
    next?.focus()
    onRetry(id)
  }

  return (
    <li data-attachments="item" data-attachment-state={state.type}>
      <span data-attachments="name">{file.name}</span>
      {state.type === 'uploading' && <progress value={state.progress ?? undefined} max={1} aria-label={`Upload of ${file.name}`} />}
      {state.type === 'failed' && state.reason === 'upload' && (
        <button type="button" aria-label={`Try again: ${file.name}`} onClick={retry} data-attachments="retry">
          Try again
        </button>
      )}
      <button type="button" aria-label={`Remove ${file.name}`} onClick={remove} data-attachments="remove">
        Remove
      </button>
    </li>
  )
}
