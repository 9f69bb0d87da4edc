'use client'

import { useEffect } from 'react'
import { useRuns } from './useRuns.ts'

/**
 * Writes the number of unread runs before the title of the page, `(2) Support`, while there are any. The title stays the app's: it may
 * set another at any time, and gets it back without the number. Use it once in a page.
 * @throws RejoinError `missing_provider`
 */
export function useUnreadTitle(): void {
  const { unread } = useRuns()
  useEffect(() => {
    if (unread === 0) return
    const mark = `(${unread}) `
    const put = (): void => {
      if (!document.title.startsWith(mark)) document.title = mark + document.title
    }
    put()
    // The app has set another one, or put another element there.
    const observer = new MutationObserver(put)
    observer.observe(document.head, { subtree: true, childList: true, characterData: true })
    return () => {
      observer.disconnect()
      if (document.title.startsWith(mark)) document.title = document.title.slice(mark.length)
    }
  }, [unread])
}
