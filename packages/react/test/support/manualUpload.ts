import { act } from '@testing-library/react'
import { type Upload, type UploadedFile, type UploadOptions } from '../../src/index.ts'

/** An upload that a test plays by hand. */
export interface ManualUpload {
  readonly upload: Upload
  readonly calls: readonly PlayedUpload[]
  readonly latest: PlayedUpload
}

interface PlayedUpload extends UploadOptions {
  readonly file: File
  /** By default under the name of the file, on the page's own server. */
  done(uploaded?: UploadedFile): Promise<void>
  fail(): Promise<void>
  progress(fraction: number): void
}

export function manualUpload(): ManualUpload {
  const calls: PlayedUpload[] = []
  return {
    upload(file, options) {
      const { promise, resolve, reject } = Promise.withResolvers<UploadedFile>()
      options.signal.addEventListener('abort', () => reject(options.signal.reason))
      calls.push({
        ...options,
        file,
        done: (uploaded = { url: `/files/${file.name}` }) => act(async () => resolve(uploaded)),
        fail: () => act(async () => reject(new Error('The bucket of Ada is full'))),
        progress: (fraction) => act(() => options.onProgress(fraction)),
      })
      return promise
    },
    calls,
    get latest() {
      const call = calls.at(-1)
      if (call === undefined) throw new Error('Nothing was uploaded.')
      return call
    },
  }
}
