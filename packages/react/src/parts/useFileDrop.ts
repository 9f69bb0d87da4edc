'use client'

import { useState, type ClipboardEvent, type DragEvent } from 'react'
import { type PartProps } from './part.ts'

type FormProps = PartProps<'form'>

/** Files over the form, and how it hears of files that are dropped on it or pasted into it. */
export interface FileDrop {
  readonly dragging: boolean
  readonly handlers: Pick<FormProps, 'onDragOver' | 'onDragLeave' | 'onDrop' | 'onPaste'>
}

/** @param add takes the files; without it, everything is left to the browser */
export function useFileDrop(add: ((files: readonly File[]) => void) | undefined, given: FormProps): FileDrop {
  const [dragging, setDragging] = useState(false)
  if (add === undefined) return { dragging: false, handlers: {} }

  function take(event: DragEvent<HTMLFormElement> | ClipboardEvent<HTMLFormElement>, { files }: DataTransfer): void {
    if (event.defaultPrevented || files.length === 0) return
    event.preventDefault()
    add?.([...files])
  }

  return {
    dragging,
    handlers: {
      onDragOver(event) {
        given.onDragOver?.(event)
        if (event.defaultPrevented || !event.dataTransfer.types.includes('Files')) return
        // Or the browser would open the file in the place of the page.
        event.preventDefault()
        setDragging(true)
      },
      onDragLeave(event) {
        given.onDragLeave?.(event)
        const { currentTarget: form, relatedTarget: to } = event
        if (!(to instanceof Node && form.contains(to))) setDragging(false)
      },
      onDrop(event) {
        given.onDrop?.(event)
        setDragging(false)
        take(event, event.dataTransfer)
      },
      onPaste(event) {
        given.onPaste?.(event)
        // Tables of an office come as a picture as well.
        if (!event.clipboardData.types.includes('text/plain')) take(event, event.clipboardData)
      },
    },
  }
}
