import { header } from '@rejoin/core'
import { has, mayForget, type Plan } from './plan.ts'

/** Looks at what a page asks for, before anything goes wrong with it. */
export interface RequestWatch {
  /** It is about to ask. */
  asks(url: string, init: RequestInit): void
  answered(url: string, init: RequestInit, response: Response): void
  /** Hears the pieces of one answer, as the page gets them. */
  body(): (piece: Uint8Array) => void
}

export interface RequestWatchOptions {
  readonly plan: Plan
  /** Milliseconds, by a clock that nobody sets. */
  now(): number
  /** When the person last did something in this browser, by the same clock. */
  actedAt(): number
  /** Whether the page shows a part of the answer. */
  showsSome(): boolean
  complain(what: string): void
}

/** What the person has asked for may take so long until it is asked of the server: it is stored first. Milliseconds. */
const storingMs = 1_000

/** Timers may be early by so much, in milliseconds. */
const earlyMs = 20

export function watchRequests({ plan, now, actedAt, showsSome, complain }: RequestWatchOptions): RequestWatch {
  let lastAsked = ''
  /** The latest event that the page has had all of. */
  let lastHad = ''
  let offlineSince: number | null = null
  /** Once anything is answered all the same, a page need not believe its browser until that says that it is back. */
  let believes = true
  /** Until when the server does not want to be asked, and since when that is known. */
  const floors = new Map<string, { readonly at: number; readonly until: number }>()

  function noteOnLine(): void {
    if (navigator.onLine) {
      offlineSince = null
      believes = true
    } else offlineSince ??= now()
  }

  function noteAsked(from: string | null, streams: boolean): void {
    if (from !== null && from < lastHad) complain(`asked from ${from} on, and had ${lastHad}`)
    if (from !== null && from < lastAsked) complain(`asked from ${from} on, after ${lastAsked}`)
    if (from === null && streams && showsSome() && !mayForget(plan)) complain('asked for all of it again, and not for what follows what it shows')
    lastAsked = from ?? lastAsked
  }

  window.addEventListener('offline', noteOnLine)
  window.addEventListener('online', noteOnLine)
  // As it freezes a page lets go of its run, for others; with that it forgets what it was told.
  document.addEventListener('freeze', () => {
    floors.clear()
    lastHad = ''
  })

  return {
    asks(url, init) {
      const headers = new Headers(init.headers)
      // A stop says where its page was when it was pressed, also when it is told again.
      if (!url.endsWith('/cancel')) noteAsked(headers.get(header.lastEventId), headers.get('accept') === 'text/event-stream')
      noteOnLine()
      if (offlineSince !== null && believes && actedAt() < offlineSince - storingMs) complain(`asked for ${url}, offline`)
      const floor = floors.get(kindOf(url, init))
      if (floor !== undefined && now() < floor.until - earlyMs && actedAt() < floor.at) complain(`asked for ${url} ${Math.round(floor.until - now())} ms before the server wanted to be asked`)
    },
    body() {
      const decoder = new TextDecoder()
      let rest = ''
      return (piece) => {
        const events = (rest + decoder.decode(piece, { stream: true })).split('\n\n')
        rest = events.pop() ?? ''
        for (const event of events) {
          const id = /^id: ?(.*)$/m.exec(event)?.[1] ?? ''
          if (id > lastHad) lastHad = id
        }
      }
    },
    answered(url, init, { headers }) {
      if (!navigator.onLine) believes = false
      const seconds = Number(headers.get('retry-after') ?? NaN)
      // Whose clock is set forward believes that the time has passed.
      if (seconds > 0 && !has(plan, 'clock')) floors.set(kindOf(url, init), { at: now(), until: now() + seconds * 1_000 })
    },
  }
}

/** What is asked for another reason has waits of its own. */
function kindOf(url: string, { method }: RequestInit): string {
  if (url.endsWith('/cancel')) return 'stop'
  return url.endsWith('/runs') && method !== 'POST' ? 'list' : 'read'
}
