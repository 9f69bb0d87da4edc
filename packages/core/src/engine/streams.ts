import { linkedAbort } from '../async.ts'
import { type EngineContext } from './context.ts'

/** Gives a place back. */
export type LetGo = () => void

/**
 * The places for streams in this browser: each stream holds a connection, and where there are few of them, a page with many
 * streams could send nothing any more. The pages of one origin share them, whoever their users are.
 */
export interface Streams {
  /** A place; `null` while all are taken. */
  take(): Promise<LetGo | null>
  /** Calls `onPlace` with the first place that gets free, once, unless `signal` aborts before. Where there are no locks, never. */
  wait(signal: AbortSignal, onPlace: (letGo: LetGo) => void): void
}

export function createStreams({ agent, tabs }: Pick<EngineContext, 'agent' | 'tabs'>): Streams {
  function count(): number {
    try {
      return agent().maxStreams?.() ?? Infinity
    } catch {
      // An agent object of the app's own. Its limit is worth less than the answer.
      return Infinity
    }
  }

  function* names(): Generator<string> {
    const places = count()
    for (let place = 0; place < places; place += 1) yield `rejoin:stream:${place}`
  }

  return {
    async take() {
      if (count() === Infinity) return () => {}
      for (const name of names()) {
        const letGo = await tabs.take(name)
        if (letGo) return letGo
      }
      return null
    },
    wait(signal, onPlace) {
      if (count() === Infinity) return
      const waiting = linkedAbort(signal)
      // Where there are no locks, nobody is kept out.
      const hold = async (): Promise<void> => {
        if (waiting.signal.aborted || !tabs.exclusive) return
        waiting.abort(new DOMException('There is a place.', 'AbortError'))
        waiting.release()
        await new Promise<void>(onPlace)
      }
      for (const name of names()) tabs.lock(name, waiting.signal, hold).catch(() => {})
    },
  }
}
