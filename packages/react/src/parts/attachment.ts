import { isServedAddress, type FilePart } from '@rejoin/core'
import { type UploadedFile } from '../upload.ts'

/** A file that goes with the message that is being written. */
export interface Attachment {
  readonly id: string
  readonly file: File
  readonly state: AttachmentState
}

export type AttachmentState =
  /** `progress`: 0 to 1, `null` while it is not known. */
  | { readonly type: 'uploading'; readonly progress: number | null }
  | { readonly type: 'done'; readonly address: FileAddress }
  | { readonly type: 'failed'; readonly reason: 'upload' | 'address' }

/** What a message holds of a file. */
export type FileAddress = Omit<FilePart, 'type' | 'id'>

/** Where they are; `null` while one of them is nowhere. */
export function addressesOf(attachments: readonly Attachment[]): readonly FileAddress[] | null {
  const addresses = attachments.flatMap(({ state }) => (state.type === 'done' ? [state.address] : []))
  return addresses.length === attachments.length ? addresses : null
}

/** What an upload has come to. */
export function uploadedState(file: File, { url, mediaType, filename }: UploadedFile): AttachmentState {
  if (!isServedAddress(url)) return { type: 'failed', reason: 'address' }
  return {
    type: 'done',
    address: { url, mediaType: mediaType ?? (file.type || 'application/octet-stream'), filename: filename ?? file.name },
  }
}
