import { AsyncLocalStorage } from 'node:async_hooks'
import { withGlobal, type FakeMethod } from '@sinonjs/fake-timers'

/** What a script of a page finds around it. */
interface PageGlobals {
  readonly window: EventTarget
  readonly document: EventTarget & { visibilityState: 'visible' | 'hidden' }
  readonly navigator: { readonly onLine: boolean }
}

/** One page on the device. Its scripts, and all that they wait for, see its globals; those of the others and the server do not. */
export interface Page {
  readonly globals: PageGlobals
  /** Runs a script of the page now. */
  run<T>(script: () => T): T
  /** Runs it once the page is not frozen. */
  whenAwake(script: () => void): void
  /** Resolves once it is not frozen. */
  awake(): Promise<void>
  /** From here on no timer, message or answer gets to it, until it is thawed. */
  freeze(): void
  thaw(): void
  isFrozen(): boolean
  /** It is gone: none of its timers is left, and nothing gets to it any more. */
  end(): void
}

/** A machine with a fake clock, on which several pages and a server live in one process. */
export interface Device {
  /** Milliseconds since the epoch; what pages believe may be wrong. */
  now(): number
  /** Sets the clock that pages see forward or back. Timers go on as they were. */
  setClock(byMs: number): void
  setOnLine(onLine: boolean): void
  createPage(): Page
  /** Runs what belongs to no page, though a page has called it. */
  outside<T>(work: () => T): T
  /** Everything that needs no timer has happened. */
  settle(): Promise<void>
  /** On to the next timer, but not beyond this moment, and what follows from it. */
  step(until: number): Promise<void>
  timers(): number
  /** The clock, and what pages see, are real again. */
  restore(): void
}

const faked: FakeMethod[] = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date']

/** Crypto runs on threads, whose answers no fake clock brings: time stands still while one is under way. */
const subtle = ['encrypt', 'decrypt', 'importKey', 'deriveKey'] as const

const beginning = 1_700_000_000_000

/** One at a time in a thread: it replaces globals. */
export function createDevice(): Device {
  const current = new AsyncLocalStorage<PageScope>()
  const clock = withGlobal(globalThis).install({ toFake: faked, now: beginning })
  const putBack: (() => void)[] = [() => clock.uninstall()]
  let pending = 0
  let offsetMs = 0
  let onLine = true

  function replace(holder: object, name: string, descriptor: PropertyDescriptor): void {
    const own = Object.getOwnPropertyDescriptor(holder, name)
    Object.defineProperty(holder, name, { ...descriptor, configurable: true })
    putBack.unshift(() => (own ? Object.defineProperty(holder, name, own) : Reflect.deleteProperty(holder, name)))
  }

  for (const name of ['window', 'document', 'navigator'] as const) {
    const own: unknown = Reflect.get(globalThis, name)
    replace(globalThis, name, { get: () => (current.getStore() ? current.getStore()?.page.globals[name] : own) })
  }
  replace(Date, 'now', { value: () => clock.now + (current.getStore() ? offsetMs : 0) })
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const start = globalThis[name]
    replace(globalThis, name, {
      value(callback: () => void, ms?: number) {
        const scope = current.getStore()
        if (scope === undefined) return start(callback, ms)
        const timer: ReturnType<typeof start> = start(() => {
          if (name === 'setTimeout') scope.timers.delete(timer)
          scope.due(timer, () => current.run(scope, callback))
        }, ms)
        scope.timers.add(timer)
        return timer
      },
    })
  }
  for (const name of ['clearTimeout', 'clearInterval'] as const) {
    const stop = globalThis[name]
    replace(globalThis, name, {
      value(timer: ReturnType<typeof setTimeout> | undefined) {
        if (timer !== undefined) current.getStore()?.drop(timer)
        stop(timer)
      },
    })
  }
  for (const name of subtle) {
    const original = crypto.subtle[name]
    replace(crypto.subtle, name, {
      value(...args: unknown[]) {
        pending += 1
        const result: Promise<unknown> = Reflect.apply(original, crypto.subtle, args)
        return result.finally(() => {
          pending -= 1
        })
      },
    })
  }

  async function settle(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve))
    } while (pending > 0)
  }

  return {
    now: () => clock.now,
    setClock(byMs) {
      offsetMs += byMs
    },
    setOnLine(now) {
      onLine = now
    },
    createPage() {
      const scope = createScope({
        window: new EventTarget(),
        document: Object.assign(new EventTarget(), { visibilityState: 'visible' as const }),
        navigator: {
          get onLine() {
            return onLine
          },
        },
      })
      return { ...scope.page, run: (script) => current.run(scope, script) }
    },
    outside: (work) => current.exit(work),
    settle,
    async step(until) {
      const at = clock.now
      if (at >= until) return
      let reached = false
      const end = clock.setTimeout(() => (reached = true), until - at)
      clock.next()
      await settle()
      if (!reached) clock.clearTimeout(end)
    },
    timers: () => clock.countTimers(),
    restore() {
      for (const put of putBack) put()
    },
  }
}

interface PageScope {
  readonly timers: Set<ReturnType<typeof setTimeout>>
  readonly page: Omit<Page, 'run'>
  /** A timer of the page has run down. */
  due(timer: object, callback: () => void): void
  /** The page has no use for it any more. */
  drop(timer: ReturnType<typeof setTimeout>): void
}

function createScope(globals: PageGlobals): PageScope {
  /** What waits for a page that is frozen, in its order. */
  const held = new Map<object, () => void>()
  const timers: PageScope['timers'] = new Set()
  let frozen = false
  let over = false

  function due(key: object, callback: () => void): void {
    if (over) return
    if (frozen) held.set(key, callback)
    else callback()
  }

  return {
    timers,
    due,
    drop(timer) {
      timers.delete(timer)
      held.delete(timer)
    },
    page: {
      globals,
      whenAwake: (script) => due({}, script),
      awake: () => new Promise((resolve) => due({}, resolve)),
      freeze() {
        frozen = true
      },
      thaw() {
        frozen = false
        const all = [...held.values()]
        held.clear()
        for (const callback of all) callback()
      },
      isFrozen: () => frozen,
      end() {
        over = true
        held.clear()
        for (const timer of timers) clearTimeout(timer)
        timers.clear()
      },
    },
  }
}
