'use client'

import { newId } from '@rejoin/core'
import { useContext, useEffect, useMemo, useRef } from 'react'
import { UploadContext, type UploadedFile } from '../upload.ts'
import { uploadedState, type Attachment, type AttachmentState } from './attachment.ts'
import { chooseFiles, type FileLimits } from './fileLimits.ts'
import { type DraftState } from './useDraft.ts'

/** The files of a composer, and what can be done with them. */
export interface Attachments {
  readonly list: readonly Attachment[]
  /** What the person should know of them. */
  readonly notes: readonly string[]
  readonly limits: FileLimits
  add(files: readonly File[]): void
  /** Ends its upload, too. */
  remove(id: string): void
  /** Uploads one anew that has failed. */
  retry(id: string): void
}

/** Files are uploaded as soon as they are added, and go on while another session is shown. `null` where the app takes none. */
export function useAttachments({ engine, draft, changeDraft }: DraftState, limits: FileLimits = {}): Attachments | null {
  const upload = useContext(UploadContext)
  const uploads = useRef(new Map<string, AbortController>())
  const { accept, maxFiles, maxBytes } = limits
  const { attachments: list, refusals, tried } = draft

  // Nobody is left who could send them: the composer has gone, or its user has.
  useEffect(() => {
    const begun = uploads.current
    return () => {
      for (const ending of begun.values()) ending.abort(new DOMException('The chat has gone.', 'AbortError'))
      begun.clear()
    }
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- an engine is one user's
  }, [engine])

  return useMemo(() => {
    if (upload === undefined && list.length === 0) return null

    function change(id: string, next: (state: AttachmentState) => AttachmentState): void {
      changeDraft((draft) => ({
        ...draft,
        attachments: draft.attachments.map((known) => (known.id === id ? { ...known, state: next(known.state) } : known)),
      }))
    }

    async function begin({ id, file }: Attachment): Promise<void> {
      const ending = new AbortController()
      uploads.current.set(id, ending)
      const { signal } = ending
      function onProgress(fraction: number): void {
        const progress = Math.min(1, Math.max(0, fraction))
        // Some tell the last of it late.
        if (uploads.current.get(id) === ending) change(id, () => ({ type: 'uploading', progress }))
      }
      const state = await stateAfter(() => upload?.(file, { signal, onProgress }), file)
      if (uploads.current.get(id) === ending) uploads.current.delete(id)
      change(id, () => state)
    }

    return {
      list,
      notes: [...refusals, ...notesOn(list, tried)],
      limits: { accept, maxFiles, maxBytes },
      add(files) {
        const { taken, refusals } = chooseFiles(files, list.length, { accept, maxFiles, maxBytes })
        const added = taken.map((file): Attachment => ({ id: newId(), file, state: { type: 'uploading', progress: null } }))
        changeDraft((draft) => ({ ...draft, attachments: [...draft.attachments, ...added], refusals, tried: false }))
        for (const attachment of added) void begin(attachment)
      },
      remove(id) {
        uploads.current.get(id)?.abort(new DOMException('The file was taken away.', 'AbortError'))
        uploads.current.delete(id)
        changeDraft((draft) => ({ ...draft, attachments: draft.attachments.filter((known) => known.id !== id), refusals: [] }))
      },
      retry(id) {
        const attachment = list.find((known) => known.id === id)
        if (attachment?.state.type !== 'failed') return
        changeDraft((draft) => ({ ...draft, tried: false }))
        change(id, () => ({ type: 'uploading', progress: null }))
        void begin(attachment)
      },
    }
  }, [upload, list, refusals, tried, changeDraft, accept, maxFiles, maxBytes])
}

/** What an upload throws is the app's own affair. */
async function stateAfter(upload: () => Promise<UploadedFile> | undefined, file: File): Promise<AttachmentState> {
  try {
    const uploaded = await upload()
    if (uploaded) return uploadedState(file, uploaded)
  } catch {}
  return { type: 'failed', reason: 'upload' }
}

function notesOn(list: readonly Attachment[], tried: boolean): readonly string[] {
  const failed = list.flatMap(({ file, state }) => {
    if (state.type !== 'failed') return []
    if (state.reason === 'address') return [`${file.name} has got no web address from the app, so it can not be sent. Remove it.`]
    return [`${file.name} could not be uploaded. Try again, or remove it.`]
  })
  const waits = tried && list.some(({ state }) => state.type === 'uploading')
  return waits ? [...failed, 'Files are still being uploaded, so nothing was sent. Send again when they are there.'] : failed
}
