import { delay } from '@rejoin/core'
import { type PassedRun } from './passed.ts'

/** A point of a run: after so many updates, or as soon as what has passed of it is like this. */
export type WirePoint = number | ((run: PassedRun) => boolean)

/** A page that can be reloaded: Playwright's `Page` is one. */
export interface ReloadablePage {
  /** Loads the page anew. */
  reload(): Promise<unknown>
}

/**
 * What happens at a point, once, to the first run that gets there. The update that makes it the point is the last
 * that passes. Each gives a promise for when it has happened, which need not be awaited.
 */
export interface WireTurn {
  /** Resets every connection. */
  cut(): Promise<void>
  /** Resets every connection, and each new one until `accept()`. */
  refuse(): Promise<void>
  /** The stream stands still, and stays open, until `release()`. */
  stall(): Promise<void>
  /** Reloads the page. The stream ends, whoever reads it. */
  reload(page: ReloadablePage): Promise<void>
}

/** A stream that an update is passing on. */
interface TurningStream {
  /** It stands still after this update. */
  stall(): void
  /** Nothing more passes on it. */
  end(): void
}

export interface Turns {
  at(point: WirePoint): WireTurn
  /** After an update has passed; its stream waits for what is to happen then. */
  reached(run: PassedRun, stream: TurningStream): Promise<void>
  /** Gives up what has not happened by now. */
  giveUp(): Missed
}

/** What was planned and came to nothing. */
export interface Missed {
  /** What never happened, in words. */
  readonly never: readonly string[]
  /** What went wrong, in words, and how. */
  readonly failed: readonly { readonly what: string; readonly error: unknown }[]
}

interface Planned {
  readonly point: WirePoint
  happen(stream: TurningStream): Promise<void>
  giveUp(reason: Error): void
}

/**
 * For what has passed to get from the socket to the page, in milliseconds: a browser that hears of a reset throws
 * away what the page has not read yet, and nothing tells when it has.
 */
const arrivalMs = 50

export function createTurns({ cut, refuse }: { cut(): void; refuse(): void }): Turns {
  const planned = new Set<Planned>()
  /** What is happening just now. */
  const underWay = new Set<Planned>()
  const failed: Missed['failed'][number][] = []
  const longest = new Map<string, number>()

  function plan(point: WirePoint, act: (stream: TurningStream) => void | Promise<unknown>): Promise<void> {
    const happened = new Promise<void>((resolve, reject) => {
      const plan: Planned = {
        point,
        async happen(stream) {
          planned.delete(plan)
          underWay.add(plan)
          try {
            await delay(arrivalMs)
            await act(stream)
            resolve()
          } catch (error) {
            failed.push({ what: nameOf(point), error })
            reject(error)
          } finally {
            underWay.delete(plan)
          }
        },
        giveUp: reject,
      }
      planned.add(plan)
    })
    // For who does not await it; who does hears of it all the same.
    happened.catch(() => {})
    return happened
  }

  return {
    at: (point) => ({
      cut: () => plan(point, cut),
      refuse: () => plan(point, refuse),
      stall: () => plan(point, (stream) => stream.stall()),
      reload: (page) =>
        plan(point, async (stream) => {
          await page.reload()
          // Its reader has gone, but the connection may hear of that later than the new page begins to read.
          stream.end()
        }),
    }),
    async reached(run, stream) {
      longest.set(run.id, run.updates)
      for (const plan of planned) if (isAt(run, plan.point)) await plan.happen(stream)
    },
    giveUp() {
      const most = Math.max(0, ...longest.values())
      const missed = [...underWay, ...planned]
      for (const plan of missed) plan.giveUp(new Error(`The wire was closed after ${most} updates, before this happened.`))
      planned.clear()
      return { never: missed.map(({ point }) => `${nameOf(point)} (the longest run had ${most})`), failed }
    },
  }
}

function nameOf(point: WirePoint): string {
  return typeof point === 'number' ? `at update ${point}` : 'at a point of your own'
}

function isAt(run: PassedRun, point: WirePoint): boolean {
  return typeof point === 'number' ? run.updates === point : point(run)
}
