'use client'

import { runsOf, type ListedRun } from '@rejoin/core'
import { useEffect } from 'react'
import { useEngine } from '../engineContext.ts'
import { useLatest } from '../useLatest.ts'

/** What a notification says, and what a click on it does. */
export interface RunNotificationOptions {
  /** @default what has happened: "Your answer is ready" */
  title?: string | ((run: ListedRun) => string) | undefined
  /** It can be read on a locked screen. @default what was asked, as far as this browser knows it */
  body?: string | ((run: ListedRun) => string) | undefined
  /** The address of a picture. */
  icon?: string | undefined
  /** The person has clicked on it; the page has the focus by then. Shows the session, usually. */
  onOpen?: ((run: ListedRun) => void) | undefined
}

/**
 * Shows a notification of the system when a run ends, or asks something, and no page that can be seen shows its session. One for the end
 * and for each question in a browser, whatever the tabs and reloads. Never asks whether it may: see {@link askToNotify}. Nothing where the person has
 * not allowed it, and where a page can not show any itself (Chrome on Android).
 * @throws RejoinError `missing_provider`
 */
export function useRunNotifications(options: RunNotificationOptions = {}): void {
  const { engine } = useEngine()
  const latest = useLatest(options)
  useEffect(() => {
    const index = runsOf(engine)
    const shown = new Map<string, Notification>()

    function show(run: ListedRun): void {
      const { title = titleOf, body = bodyOf, icon, onOpen } = latest.current
      // The second of a run would take its place without a sound.
      shown.get(run.id)?.close()
      const notification = open(say(title, run), { body: say(body, run), tag: `rejoin:${run.id}`, ...(icon !== undefined && { icon }) })
      if (notification === null) return
      shown.set(run.id, notification)
      notification.onclick = () => {
        window.focus()
        notification.close()
        onOpen?.(run)
      }
    }

    /** Those that have been seen need no one to tell of them. */
    function tidy(): void {
      for (const { id, unread } of index.getSnapshot()) {
        if (unread) continue
        shown.get(id)?.close()
        shown.delete(id)
      }
    }

    const leave = [index.subscribe(tidy), index.onUnread(show, mayNotify)]
    return () => {
      for (const stop of leave) stop()
    }
  }, [engine, latest])
}

function mayNotify(): boolean {
  return typeof Notification !== 'undefined' && Notification.permission === 'granted'
}

function open(title: string, options: NotificationOptions): Notification | null {
  try {
    return new Notification(title, options)
  } catch {
    // Only a service worker may, on this platform.
    return null
  }
}

function say(words: string | ((run: ListedRun) => string), run: ListedRun): string {
  return typeof words === 'string' ? words : words(run)
}

function titleOf({ state }: ListedRun): string {
  if (state.type === 'paused') return 'The agent has a question'
  return state.type === 'completed' ? 'Your answer is ready' : 'Your answer has ended early'
}

function bodyOf({ question }: ListedRun): string {
  return question ?? ''
}
