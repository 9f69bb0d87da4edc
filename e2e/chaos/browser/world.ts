import { setTimeout as passed } from 'node:timers/promises'
import { mayForget, onlyReloads, type Plan, type PlanEvent } from '../plan.ts'
import { createChaosServer } from '../server.ts'
import { differenceOf, isBeginningOf } from '../verdict.ts'
import { type TabView, type World } from '../world.ts'
import { type Bundle } from './bundle.ts'
import { type Browser, type Tab } from './driver.ts'
import { type Acted, type ChaosPage, type PageView } from './page/chaosPage.ts'
import { openSite } from './site.ts'

/** No browser of a plan has more tabs. */
const mostTabs = 4

/** A page that is asked for is there by then, whatever its storage does. Milliseconds. */
const openMs = 10_000

/**
 * Sockets of a tab that is gone close within this, whoever has opened one meanwhile. Milliseconds; on a machine that is busy, as many
 * times as long as a page took for its slowest answer.
 */
const graceMs = 250
const graceAnswers = 4

/** A browser that has not done by then what it was told will not do it. Milliseconds: Firefox takes its time to start. */
const patienceMs = 120_000

/** What is left after the end, sockets of tabs that are gone, gets so long to go. Milliseconds. */
const lastMs = 10_000

interface OpenTab {
  readonly number: number
  readonly tab: Tab
  storage: Acted['storage']
  frozen: boolean
}

interface Lasting {
  end(): void
}

/** @param browser of this world alone while it lasts; left running, with no tab */
export async function createWorld(plan: Plan, browser: Browser, bundle: Bundle): Promise<World> {
  let slowestMs = 0
  const server = createChaosServer(plan, { graceMs: () => Math.max(graceMs, graceAnswers * slowestMs) })
  const site = await openSite(bundle, server, (number) => actedIn(tabs.get(number)?.storage ?? null))
  const tabs = new Map<number, OpenTab>()
  const lasting = new Set<Lasting>()
  /** What was wrong with tabs that are gone. */
  const complaints: string[] = []
  let opened = 0
  let askedAt: number | null = null
  let clockMs = 0
  let outages = 0
  let running = true
  /** One thing after the other, as with a person. */
  let turns: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = turns.then(() => soon(work))
    turns = turn.catch(() => {})
    return turn
  }

  const now = (): number => (askedAt === null ? 0 : performance.now() - askedAt)
  const awake = (): OpenTab[] => [...tabs.values()].filter(({ frozen }) => !frozen)

  function actedIn(storage: Acted['storage']): Acted {
    return { offline: outages > 0 && browser.setOffline === undefined, clockMs, storage }
  }

  function pick(tab: number): OpenTab | undefined {
    const all = awake()
    return all[tab % all.length]
  }

  async function call<K extends keyof ChaosPage>({ tab }: OpenTab, name: K, ...parameters: Parameters<ChaosPage[K]>): Promise<void> {
    await tab.evaluate(`chaos.${name}(${parameters.map((parameter) => JSON.stringify(parameter)).join()})`)
  }

  async function act(open: OpenTab): Promise<void> {
    await call(open, 'act', actedIn(open.storage))
  }

  async function actEverywhere(): Promise<void> {
    await Promise.all(awake().map(act))
  }

  async function viewOf({ number, tab }: OpenTab): Promise<TabView> {
    const asked = performance.now()
    const said = await tab.evaluate('JSON.stringify(chaos.view())')
    slowestMs = Math.max(slowestMs, performance.now() - asked)
    const view: PageView = JSON.parse(String(said))
    return { ...view, tab: number, complaints: [...new Set([...complaints, ...site.complaints(number), ...view.complaints])] }
  }

  /** What `load` brings is there, and knows what was here before. A device that is offline still has the page. */
  async function loaded(load: () => Promise<OpenTab>): Promise<OpenTab> {
    if (outages > 0) await tellBrowser(false)
    const open = await load()
    if (outages > 0) await tellBrowser(true)
    const until = performance.now() + openMs
    while (!(await open.tab.evaluate('globalThis.chaos !== undefined && chaos.view().state?.type !== "restoring"'))) {
      if (performance.now() > until) break
      await passed(5)
    }
    return open
  }

  async function openTab(): Promise<void> {
    const number = (opened += 1)
    await loaded(async () => {
      const tab = await browser.open(`${site.url}/?engine=${plan.engine}&seed=${plan.seed}&tab=${number}`)
      const open: OpenTab = { number, tab, storage: null, frozen: false }
      tabs.set(number, open)
      return open
    })
  }

  async function reload(open: OpenTab): Promise<void> {
    const before = await keepComplaints(open)
    await loaded(async () => {
      await open.tab.reload()
      return open
    })
    const { parts } = await viewOf(open)
    if (onlyReloads(plan) && !isBeginningOf(before.parts, parts)) complaints.push(`it came back with less than was shown: ${differenceOf(parts, before.parts)}`)
  }

  async function closeTab(open: OpenTab, close: () => Promise<void> = open.tab.close): Promise<void> {
    await keepComplaints(open)
    tabs.delete(open.number)
    await close()
  }

  async function keepComplaints(open: OpenTab): Promise<TabView> {
    const view = await viewOf(open)
    complaints.push(...view.complaints.filter((what) => !complaints.includes(what)))
    return view
  }

  /** Something that is over by itself after a while, or when all is well again. */
  function last(forMs: number, onEnd: () => Promise<void>): void {
    const timer = setTimeout(end, forMs)
    const one: Lasting = { end }
    function end(): void {
      clearTimeout(timer)
      if (!lasting.delete(one)) return
      inTurn(onEnd).catch(note)
    }
    lasting.add(one)
  }

  async function goOffline(forMs: number): Promise<void> {
    outages += 1
    server.refuse(forMs)
    await setOffline(true)
    last(forMs, async () => {
      outages -= 1
      if (outages === 0) await setOffline(false)
    })
  }

  async function setOffline(offline: boolean): Promise<void> {
    if (browser.setOffline === undefined) await actEverywhere()
    else if (running) await tellBrowser(offline)
  }

  /** Done when all tabs have heard of it: those that are frozen hear of it when they are not any more. */
  async function tellBrowser(offline: boolean): Promise<void> {
    const told = browser.setOffline?.(offline)
    if ([...tabs.values()].some(({ frozen }) => frozen)) told?.catch(note)
    else await told
  }

  function note(error: unknown): void {
    complaints.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }

  async function freeze(open: OpenTab, forMs: number): Promise<void> {
    await call(open, 'freeze')
    open.frozen = true
    last(forMs, () => thaw(open))
  }

  async function thaw(open: OpenTab): Promise<void> {
    if (!open.frozen || !tabs.has(open.number)) return
    site.thaw(open.number)
    open.frozen = false
    // What has happened to it meanwhile.
    await act(open)
  }

  async function spoil(open: OpenTab, storage: 'quota' | 'denied', forMs: number): Promise<void> {
    open.storage = storage
    await act(open)
    last(forMs, async () => {
      open.storage = null
      if (tabs.has(open.number) && !open.frozen) await act(open)
    })
  }

  async function killBrowser(forMs: number): Promise<void> {
    if (!running) return
    await Promise.all(awake().map(keepComplaints))
    running = false
    tabs.clear()
    await browser.kill?.()
    last(forMs, async () => {
      await browser.start?.()
      running = true
      await openTab()
    })
  }

  async function happen(event: PlanEvent): Promise<void> {
    switch (event.type) {
      case 'offline':
        return await goOffline(event.forMs)
      case 'refuse':
        return server.refuse(event.forMs)
      case 'restart':
        return server.restart(event.forMs)
      case 'clock':
        clockMs += event.byMs
        return await actEverywhere()
      case 'delete_database': {
        const [first] = awake()
        if (first) await call(first, 'deleteDatabase')
        return
      }
      case 'expire_window':
        // The provider counts for itself.
        return
      case 'kill_browser':
        return await killBrowser(event.forMs)
      case 'reopen':
        if (!running) return
        await closeAll()
        return last(event.forMs, async () => {
          if (running) await openTab()
        })
      case 'open':
        if (awake().length > 0 && tabs.size < mostTabs) await openTab()
        return
    }
    const open = pick(event.tab)
    if (open !== undefined) await happenTo(open, event)
  }

  async function happenTo(open: OpenTab, event: Extract<PlanEvent, { readonly tab: number }>): Promise<void> {
    switch (event.type) {
      case 'reload':
        return await reload(open)
      case 'close':
        if (tabs.size > 1) await closeTab(open)
        return
      case 'kill_renderer':
        await closeTab(open, open.tab.kill)
        site.drop(open.number)
        if (tabs.size === 0) await openTab()
        return
      case 'retry':
      case 'stop':
        return await call(open, event.type)
      case 'freeze':
        return await freeze(open, event.forMs)
      case 'quota':
      case 'denied':
        return await spoil(open, event.type, event.forMs)
      case 'open':
    }
  }

  async function closeAll(): Promise<void> {
    for (const open of tabs.values()) {
      await thaw(open)
      await closeTab(open)
    }
  }

  async function heal(): Promise<void> {
    for (const { end } of lasting) end()
    server.heal()
    await inTurn(async () => {
      if (tabs.size === 0) await openTab()
    })
  }

  return {
    now,
    async until(ms) {
      const left = ms - now()
      if (left > 0) await passed(left)
    },
    open: () => inTurn(openTab),
    ask: () =>
      inTurn(async () => {
        askedAt ??= performance.now()
        const [first] = awake()
        if (first) await call(first, 'ask')
      }),
    happen: (event) => inTurn(() => happen(event)),
    heal,
    look: () => inTurn(() => Promise.all(awake().map(viewOf))),
    server: server.view,
    reloadAll: () =>
      inTurn(async () => {
        for (const open of tabs.values()) await reload(open)
      }),
    async close() {
      await heal()
      await inTurn(closeAll)
      for (const until = performance.now() + lastMs; server.view().open > 0 && performance.now() < until; ) await passed(5)
      const { open } = server.view()
      if (open > 0) complaints.push(`${open} connections are left open`)
      server.close()
      await site.close()
      const told = site.finished()
      return [...complaints, ...(told > 1 && !mayForget(plan) ? [`onFinish was called ${told} times`] : [])]
    },
  }
}

async function soon<T>(work: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The browser has stood still for ${patienceMs} ms.`)), patienceMs)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
