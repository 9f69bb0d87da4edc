'use client'

import { useRef, type ChangeEvent, type MouseEvent } from 'react'
import { useComposer } from './composerContext.ts'
import { part, type Part, type PartProps } from './part.ts'

/** What `Chat.Attach` takes beside native props. */
export interface AttachOwnProps {
  /** What the dialog offers, as the `accept` of a file input has it. @default that of the composer's `fileLimits` */
  accept?: string | undefined
  /** Whether several files can be chosen at once. @default true, unless the composer takes one only */
  multiple?: boolean | undefined
}

/** Chooses files that go with the message. Nothing where the app takes none: see `upload` of the provider. */
export const Attach: Part<HTMLButtonElement, PartProps<'button', AttachOwnProps>> = part(
  'Chat.Attach',
  ({ accept, multiple, children, ...rest }, ref) => {
    const { files } = useComposer('Attach')
    const input = useRef<HTMLInputElement>(null)
    if (files === null) return null
    const { add, limits } = files

    function press(event: MouseEvent<HTMLButtonElement>): void {
      rest.onClick?.(event)
      if (!event.defaultPrevented) input.current?.click()
    }

    function choose({ currentTarget }: ChangeEvent<HTMLInputElement>): void {
      add([...(currentTarget.files ?? [])])
      // The same file can be chosen again.
      currentTarget.value = ''
    }

    return (
      <>
        <button type="button" aria-label={children === undefined ? 'Attach files' : undefined} {...rest} ref={ref} onClick={press} data-chat-part="attach">
          {children ?? 'Attach'}
        </button>
        <input
          ref={input}
          type="file"
          aria-label="Files to attach"
          hidden
          accept={accept ?? limits.accept}
          multiple={multiple ?? limits.maxFiles !== 1}
          onChange={choose}
          data-attach="input"
        />
      </>
    )
  },
)
