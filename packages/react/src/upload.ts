'use client'

import { createContext, type Context } from 'react'

/**
 * Brings a file of the person to where the agent can read it, and says where that is. The address alone goes on: the file is
 * neither sent with the message nor stored in the browser.
 *
 * What it throws is not shown: the person reads that the file could not be uploaded, and can try again.
 */
export type Upload = (file: File, options: UploadOptions) => Promise<UploadedFile>

/** How an upload is ended and followed. */
export interface UploadOptions {
  /** The person has taken the file away again, or the chat has gone. */
  readonly signal: AbortSignal
  /** How much of it is there, 0 to 1. Need not be called. */
  onProgress(fraction: number): void
}

/** Where a file is. */
export interface UploadedFile {
  /** Begins with `http:`, `https:` or `/`; a `data:` or `blob:` URL is refused. */
  readonly url: string
  /** @default what the browser says of the file */
  readonly mediaType?: string | undefined
  /** @default the name of the file */
  readonly filename?: string | undefined
}

export const UploadContext: Context<Upload | undefined> = createContext<Upload | undefined>(undefined)
