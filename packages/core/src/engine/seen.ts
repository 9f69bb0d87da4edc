import { closedIn, type Run } from '../run.ts'
import { type RunKey } from '../store/runStore.ts'
import { type EngineContext } from './context.ts'
import { isHidden } from './isHidden.ts'
import { claimOf } from './news.ts'

/** Notes what of a session the person has seen. */
export interface Seen {
  /** The session is on the page. Gives back how to say that it is no more. */
  show(): () => void
  /** Notes it of a run that has ended or asks, where the session is on a page that can be seen. */
  look(run: Run | undefined): void
}

export function createSeen(context: EngineContext): Seen {
  const noted = new Set<string>()
  let shows = 0

  return {
    show() {
      let shown = true
      shows += 1
      return () => {
        if (shown) shows -= 1
        shown = false
      }
    },
    look(run) {
      const closed = run && closedIn(run.state)
      if (shows === 0 || !closed || isHidden()) return
      const { id, session } = run.start
      const claim = claimOf('read', closed, run.cursor)
      const note = `${claim} ${id}`
      if (noted.has(note)) return
      noted.add(note)
      markRead(context, { session, id }, claim)
    },
  }
}

/** For all tabs, and for good. */
export function markRead({ news, storage }: EngineContext, key: RunKey, claim: string): void {
  news.tell({ type: 'read', run: key.id, claim }, true)
  void storage.attempt((store) => store.claimOnce(key, claim), true)
}
