import { type Cursor } from '../cursor.ts'
import { textOf } from '../message.ts'
import { isAsking, type RunStart, type RunState } from '../run.ts'
import { type RunOutcome, type RunPause } from '../update.ts'
import { type TabChannel, type Tabs } from '../tabs/tabs.ts'

/** A run in a list of many. */
export interface RunBrief {
  readonly id: string
  readonly session: string
  /** Milliseconds since the epoch, by this browser's clock. */
  readonly startedAt: number
  /** What the person has asked, cut short; `null` where that is not known, as of another device's run. */
  readonly question: string | null
}

/** What the tabs of one user tell each other of all runs, whichever sessions they show. */
export type NewsItem =
  | { readonly type: 'state'; readonly run: RunBrief; readonly state: RunState; readonly cursor: Cursor }
  /** The person has seen what it has come to: `claim` says what that was. */
  | { readonly type: 'read'; readonly run: string; readonly claim: string }
  /** It was taken out of its session. */
  | { readonly type: 'removed'; readonly run: string }
  /** These are all that have not ended, as the server says: what waits for the person and is not among them was seen to elsewhere. */
  | { readonly type: 'listed'; readonly runs: ReadonlySet<string> }
  /** All of this user was purged. `by`: which engine has done it. */
  | { readonly type: 'purged'; readonly by: string }
  /** Whoever reads runs is to say how they are. */
  | { readonly type: 'states?' }
  /** This tab asks how a run is whose session it does not show. */
  | { readonly type: 'watching'; readonly session: string; readonly run: string }
  /** This tab reads the runs of the session, or waits to be the next: nobody needs to watch them. */
  | { readonly type: 'open'; readonly session: string }
  /** This tab does so no more. */
  | { readonly type: 'left'; readonly session: string }

/** Carries news within this tab, and between tabs while somebody needs the engine. */
export interface News {
  /** @param abroad whether the other tabs are to hear it, too */
  tell(item: NewsItem, abroad: boolean): void
  listen(listener: (item: NewsItem) => void): () => void
  enter(): void
  leave(): void
}

const questionLength = 120

export function briefOf({ id, session, message, createdAt }: RunStart): RunBrief {
  const text = message === null ? '' : textOf(message).trim().replaceAll(/\s+/g, ' ')
  const question = text.length > questionLength ? `${text.slice(0, questionLength - 1).trimEnd()}…` : text
  return { id, session, startedAt: createdAt, question: question === '' ? null : question }
}

/**
 * What is claimed in the store once the person has seen what a run has come to, or has been told of it. A run ends once, and may ask
 * again and again: of a pause it says which.
 * @param cursor where the run stands
 */
export function claimOf(kind: 'read' | 'told', closed: RunOutcome | RunPause, cursor: Cursor): string {
  return isAsking(closed) ? `${kind}:paused:${cursor}:${closed.reason}` : `${kind}:ended`
}

/** Whether one of the claims says that the person has seen this; what was asked before something that was seen has been seen, too. */
export function isRead(claims: Iterable<string>, closed: RunOutcome | RunPause, cursor: Cursor): boolean {
  const own = claimOf('read', closed, cursor)
  for (const claim of claims) {
    if (claim === own) return true
    const [kind, what, seen] = claim.split(':')
    if (isAsking(closed) && kind === 'read' && what === 'paused' && seen !== undefined && seen > cursor) return true
  }
  return false
}

/** @param name of the channel; no other user has it */
export function createNews(tabs: Tabs, name: string): News {
  const listeners = new Set<(item: NewsItem) => void>()
  let channel: TabChannel | null = null

  function deliver(item: NewsItem): void {
    for (const listener of listeners) listener(item)
  }

  return {
    tell(item, abroad) {
      deliver(item)
      if (abroad) channel?.post(item)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    enter() {
      channel ??= tabs.channel(name, (value) => isNews(value) && deliver(value))
    },
    leave() {
      channel?.close()
      channel = null
    },
  }
}

/** Only this package posts to its channels, and their name carries the version: a look at the frame is enough. */
function isNews(value: unknown): value is NewsItem {
  return typeof value === 'object' && value !== null && 'type' in value
}
