import { type ChatMessage, type Engine, type RunView, type Session } from '@rejoin/core'
import { type QueryClient } from '@tanstack/react-query'
import { isUnfinished } from './isActive.ts'

/** A run as the QueryClient has it: a copy to look at. */
export interface MirroredRun {
  readonly session: string
  readonly run: RunView
  /** The answer as far as it is there; `null` where the run ended with none. */
  readonly message: ChatMessage | null
}

export type RunKey = readonly ['rejoin', 'run', string]

export function runKey(runId: string): RunKey {
  return ['rejoin', 'run', runId]
}

/** Copies the runs of one engine to a QueryClient, for those that the app has a query for. Reads nothing back. */
export interface RunMirror {
  /** Mirrors a session's runs until the function it gives back is called, and then what still runs to its end. */
  watch(session: string): () => void
  get(runId: string): MirroredRun | null
  /** Gives back how to leave; the copies then go too, since whoever comes next may be another user. */
  mount(): () => void
}

interface Watched {
  readonly session: Session
  watchers: number
  unsubscribe: (() => void) | null
}

/** Several providers may share a client. */
const mirrors = new WeakMap<QueryClient, Set<RunMirror>>()

/** What a query of this client is told; `null` for a run that no provider knows. */
export function mirroredRun(client: QueryClient, runId: string): MirroredRun | null {
  for (const mirror of mirrors.get(client) ?? []) {
    const mirrored = mirror.get(runId)
    if (mirrored) return mirrored
  }
  return null
}

export function createRunMirror(engine: Engine, client: QueryClient): RunMirror {
  const watched = new Map<string, Watched>()
  const known = new Map<string, MirroredRun>()
  let mounts = 0
  let stopHearing: (() => void) | null = null

  function copy(session: Session): void {
    const { run, messages } = session.getSnapshot()
    if (run === null || run.id === null || known.get(run.id)?.run === run) return
    const last = messages.at(-1)
    const mirrored = { session: session.id, run, message: last?.id === run.id ? last : null }
    known.set(run.id, mirrored)
    tell(run.id, mirrored)
  }

  function tell(runId: string, mirrored: MirroredRun | null): void {
    if (client.getQueryState(runKey(runId))) client.setQueryData(runKey(runId), mirrored)
  }

  function follow(entry: Watched): void {
    if (mounts === 0 || entry.unsubscribe) return
    entry.unsubscribe = entry.session.subscribe(() => {
      copy(entry.session)
      rest(entry)
    })
    copy(entry.session)
  }

  /** A session that is looked at keeps its channel to the other tabs, so one where nothing happens is let go. */
  function rest(entry: Watched): void {
    if (entry.watchers > 0 || isUnfinished(entry.session.getSnapshot().run)) return
    entry.unsubscribe?.()
    watched.delete(entry.session.id)
  }

  function clear(): void {
    // First: whoever asks while it is told finds nothing.
    known.clear()
    // Those too that the app has put there from a cache of its own.
    for (const { queryKey } of client.getQueryCache().findAll({ queryKey: ['rejoin', 'run'] })) {
      const [, , runId] = queryKey
      if (typeof runId !== 'string' || mirroredRun(client, runId)) continue
      tell(runId, null)
      client.removeQueries({ queryKey, exact: true, type: 'inactive' })
    }
  }

  function forget(): void {
    if (mounts > 0) return
    stopHearing?.()
    stopHearing = null
    clear()
    // What they would ask holds the sessions, and with them the messages, of this engine's user.
    client.removeQueries({ queryKey: ['rejoin', 'restore', engine.user], type: 'inactive' })
    mirrors.get(client)?.delete(mirror)
  }

  const mirror: RunMirror = {
    watch(id) {
      const entry = watched.get(id) ?? { session: engine.session(id), watchers: 0, unsubscribe: null }
      watched.set(id, entry)
      entry.watchers += 1
      follow(entry)
      return () => {
        entry.watchers -= 1
        rest(entry)
      }
    },
    get: (runId) => known.get(runId) ?? null,
    mount() {
      mounts += 1
      stopHearing ??= engine.onPurge(clear)
      mirrors.set(client, (mirrors.get(client) ?? new Set()).add(mirror))
      for (const entry of watched.values()) follow(entry)
      let left = false
      return () => {
        if (left) return
        left = true
        mounts -= 1
        if (mounts > 0) return
        for (const entry of watched.values()) {
          entry.unsubscribe?.()
          entry.unsubscribe = null
        }
        // Strict Mode mounts again at once.
        setTimeout(forget)
      }
    },
  }
  return mirror
}
