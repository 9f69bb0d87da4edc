import type { Upload } from '@rejoin/react'
import { filesPath } from '../server/filesPath.ts'

/** Sends a file to the example's own server. Not with `fetch`, which does not tell how far it is. */
export const upload: Upload = (file, { signal, onProgress }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `${filesPath}?name=${encodeURIComponent(file.name)}`)
    request.responseType = 'json'
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded / total))
    request.addEventListener('load', () => {
      if (request.status === 201) resolve({ url: request.response.url })
      else reject(new Error(`The upload was answered with ${request.status}.`))
    })
    request.addEventListener('error', () => reject(new Error('The server could not be reached.')))
    signal.addEventListener('abort', () => {
      request.abort()
      reject(signal.reason)
    })
    request.send(file)
  })
