'use client'

import { useEffect } from 'react'
import { useRuns } from './useRuns.ts'

/**
 * Writes the number of unread runs before the title of the page, `(2) Support`, while there are any. The title stays the app's: it may
 * set another at any time (also one that begins with a number), and gets it back without ours. Use it once in a page.
 * @throws RejoinError `missing_provider`
 */
export function useUnreadTitle(): void {
  const { unread } = useRuns()
  useEffect(() => {
    if (unread === 0) return
    let own = ''
    /** As the document gives it back: without spaces at its ends. */
    let shown: string | null = null
    const put = (): void => {
      if (document.title === shown) return
      own = document.title
      document.title = `(${unread}) ${own}`
      shown = document.title
    }
    put()
    // The app has set another one, or put another element there.
    const observer = new MutationObserver(put)
    observer.observe(document.head, { subtree: true, childList: true, characterData: true })
    return () => {
      observer.disconnect()
      if (document.title === shown) document.title = own
    }
  }, [unread])
}
