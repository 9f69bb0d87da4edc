import { type UIMessage, type UseChatHelpers } from '@ai-sdk/react'
import { useEffect, useRef } from 'react'

/** The waits are those of Rejoin, so that no line is ahead by a number. */
const baseMs = 250
const capMs = 5_000

/**
 * The best that an app can write around `useChat` with a few lines: a stream that broke is resumed after a wait that doubles, and
 * at once when the browser says that it is online. One try at a time; what is not the network's fault is left alone.
 */
export function useComingBack({ status, error, resumeStream }: UseChatHelpers<UIMessage>): void {
  const failed = useRef(0)

  useEffect(() => {
    if (status === 'streaming') failed.current = 0
    // A fetch, or a body, that has failed. Each failed try is an error of its own, and so brings us here again.
    if (status !== 'error' || !(error instanceof TypeError)) return
    const full = Math.min(capMs, baseMs * 2 ** failed.current)
    failed.current += 1

    let trying = false
    function again(): void {
      if (trying) return
      trying = true
      void resumeStream()
    }
    const timer = setTimeout(again, full * (0.5 + Math.random() / 2))
    window.addEventListener('online', again)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('online', again)
    }
  }, [status, error, resumeStream])
}
