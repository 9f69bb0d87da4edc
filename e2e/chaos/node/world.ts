import { soloTabs } from '@rejoin/core'
import { createTabHub, seededRandom } from '@rejoin/testkit'
import { has, mayForget, onlyReloads, type Plan, type PlanEvent } from '../plan.ts'
import { createChaosServer } from '../server.ts'
import { isBeginningOf } from '../verdict.ts'
import { type TabView, type World } from '../world.ts'
import { type Device } from './device.ts'
import { createDisk, type DiskState } from './disk.ts'
import { openTab, type Tab } from './tab.ts'

/** No browser of a plan has more tabs. */
const mostTabs = 4

/** A page that is asked for is there by then, whatever its storage does. Milliseconds. */
const openMs = 10_000

/** What is left after the end, timers and requests, gets so long to go. */
const lastMs = 10 * 60_000

/** What a page does not outlive. */
const goes: readonly PlanEvent['type'][] = ['reload', 'close', 'reopen', 'kill_renderer', 'kill_browser']

/** What another tab has not stored yet, it tells by then; so does the server of an answer that was stopped. Milliseconds. */
const toldMs = 1_000

/** What has been shown for so long is stored, and outlives its browser. Milliseconds. */
const storedMs = 2_000

/** Whoever waits for the network asks within this after it is said to be back. Milliseconds. */
const backMs = 1_500

/** Long enough to tell the app that the answer has ended. Milliseconds. */
const stayMs = 500

interface Lasting {
  end(): void
}

/** @param rejections what nobody has caught since the world began; emptied by it */
export function createWorld(plan: Plan, device: Device, rejections: unknown[]): World {
  const random = seededRandom(plan.seed ^ 0x5eed)
  const server = createChaosServer(plan)
  const disk = createDisk(device, random)
  const hub = createTabHub(random)
  const tabs: Tab[] = []
  const lasting = new Set<Lasting>()
  /** What has gone wrong that no tab can see alone. */
  const complaints: string[] = []
  /** What was shown, and when. */
  const shown: { readonly at: number; readonly parts: TabView['parts'] }[] = []
  let accepted = false
  let finished = 0
  /** Whether its pages were there for a while after the end. */
  let stayed = false
  let askedAt: number | null = null
  let outages = 0
  let actedAt = -Infinity

  const living = (): Tab[] => tabs.filter((tab) => !tab.isGone())
  const now = (): number => device.now() - (askedAt ?? device.now())

  async function until(at: number): Promise<void> {
    while (device.now() < at) await device.step(at)
  }

  function pick(tab: number): Tab | undefined {
    const all = living()
    return all[tab % all.length]
  }

  function open(before: TabView['parts'] = []): Tab {
    const tab = openTab({
      number: tabs.length,
      plan,
      device,
      random,
      fetch: server.fetch,
      store: disk.store,
      tabs: plan.alone ? soloTabs : hub.tab,
      before,
      beforeWithinMs: living().length > 0 || has(plan, 'stop') ? toldMs : 0,
      actedAt: () => actedAt,
      onFinish: () => (finished += 1),
      onAccepted: () => (accepted = true),
      onShown: (parts) => void shown.push({ at: device.now(), parts }),
    })
    tabs.push(tab)
    return tab
  }

  /** What a browser that is killed now comes back with, or with more. */
  function surelyStored(): TabView['parts'] {
    const known = shown.filter(({ at }) => at <= device.now() - storedMs).map(({ parts }) => parts)
    return comesBack() ? known.reduce((most, parts) => (isBeginningOf(most, parts) ? parts : most), []) : []
  }

  /** Without locks each tab stores for itself, and the last one counts. */
  function comesBack(): boolean {
    return !mayForget(plan) && !plan.alone
  }

  async function close(tab: Tab): Promise<void> {
    tab.leave()
    // What its page still does before it goes.
    await device.settle()
    tab.close()
    await device.settle()
  }

  /** Something that is over by itself after a while, or when all is well again. */
  function last(forMs: number, onEnd: () => void): void {
    const timer = setTimeout(end, forMs)
    const one: Lasting = { end }
    function end(): void {
      clearTimeout(timer)
      if (lasting.delete(one)) onEnd()
    }
    lasting.add(one)
  }

  function tellAll(type: string): void {
    for (const tab of living()) tab.tell('window', type)
  }

  function goOffline(forMs: number): void {
    outages += 1
    device.setOnLine(false)
    server.refuse(forMs)
    if (outages === 1) tellAll('offline')
    last(forMs, () => {
      outages -= 1
      if (outages > 0) return
      device.setOnLine(true)
      tellAll('online')
      expectRequest()
    })
  }

  /** Unless something is open, or something else happens. */
  function expectRequest(): void {
    const { asked } = server.view()
    const waiting = living().filter(isWaiting)
    setTimeout(() => {
      const still = waiting.filter(isWaiting)
      const { asked: since, open: connections } = server.view()
      if (outages > 0 || since > asked || connections > 0) return
      complaints.push(...still.map((tab) => `tab ${tab.view().tab} is ${JSON.stringify(tab.view().state)} ${backMs} ms after the network came back, and nobody asks`))
    }, backMs)
  }

  /** For the network, and not because its server wants it to. */
  function isWaiting(tab: Tab): boolean {
    const { state } = tab.view()
    return !tab.isGone() && !tab.page.isFrozen() && state?.type === 'reconnecting' && (state.reason === 'offline' || state.reason === 'network')
  }

  async function freeze(tab: Tab, forMs: number): Promise<void> {
    if (tab.page.isFrozen()) return
    tab.setVisible(false)
    tab.tell('document', 'freeze')
    await device.settle()
    tab.page.freeze()
    last(forMs, () => {
      if (tab.isGone()) return
      tab.page.thaw()
      tab.tell('document', 'resume')
      tab.setVisible(true)
    })
  }

  function spoil(tab: Tab, state: DiskState, forMs: number): void {
    tab.setDisk(state)
    last(forMs, () => tab.setDisk('well'))
  }

  async function happen(event: PlanEvent): Promise<void> {
    switch (event.type) {
      case 'offline':
        return goOffline(event.forMs)
      case 'refuse':
        return server.refuse(event.forMs)
      case 'restart':
        return server.restart(event.forMs)
      case 'clock':
        return device.setClock(event.byMs)
      case 'delete_database':
        return await disk.wipe()
      case 'expire_window':
        // The provider counts for itself.
        return
      case 'kill_browser': {
        const before = surelyStored()
        for (const tab of living()) tab.kill()
        return last(event.forMs, () => void open(before))
      }
      case 'reopen':
        for (const tab of living()) await close(tab)
        return last(event.forMs, () => void open())
      case 'open':
        if (living().length > 0 && living().length < mostTabs) open()
        return
    }
    const tab = pick(event.tab)
    if (tab !== undefined) await happenTo(tab, event)
  }

  async function happenTo(tab: Tab, event: Extract<PlanEvent, { readonly tab: number }>): Promise<void> {
    switch (event.type) {
      case 'reload': {
        const { parts } = tab.view()
        await close(tab)
        open(onlyReloads(plan) ? parts : [])
        return
      }
      case 'close':
        if (living().length > 1) await close(tab)
        return
      case 'kill_renderer':
        tab.kill()
        if (living().length === 0) open()
        return
      case 'retry':
        actedAt = device.now()
        return tab.retry()
      case 'stop':
        actedAt = device.now()
        return tab.stop()
      case 'freeze':
        return await freeze(tab, event.forMs)
      case 'quota':
        return spoil(tab, 'full', event.forMs)
      case 'denied':
        return spoil(tab, 'denied', event.forMs)
      case 'open':
    }
  }

  async function opened(tab: Tab): Promise<void> {
    let restored = false
    void tab.restored.then(() => (restored = true))
    await device.settle()
    for (const at = device.now() + openMs; !restored && device.now() < at; ) await device.step(at)
  }

  /** What tabs that have come to the answer's end show beside its text. */
  function stepsWrong(): string[] {
    const wanted = JSON.stringify(plan.answer.steps)
    const whole = living().filter((tab) => tab.view().state?.type === 'completed' && JSON.stringify(tab.steps()) !== wanted)
    return whole.map((tab) => `tab ${tab.view().tab} shows the steps ${JSON.stringify(tab.steps())} in place of ${wanted}`)
  }

  /** A page that goes between the claim and the call has told nobody; and where the claim is lost, there may be another. */
  function finishWrong(): boolean {
    if (mayForget(plan)) return false
    return finished > 1 || (finished === 0 && stayed && !plan.events.some(({ type }) => goes.includes(type)))
  }

  /** What should be gone, and is not. */
  async function leftovers(): Promise<string[]> {
    const left = plan.agent === 'openai' ? [] : stepsWrong()
    for (const tab of living()) {
      tab.leave()
      tab.unmount()
    }
    await until(device.now() + lastMs)
    const { open: connections } = server.view()
    if (connections > 0) left.push(`${connections} connections are left open`)
    if (device.timers() > 0) left.push(`${device.timers()} timers are left`)
    if (finishWrong()) left.push(`onFinish was called ${finished} times`)
    return left
  }

  return {
    now,
    until: async (ms) => await until((askedAt ?? device.now()) + ms),
    open: async () => await opened(open()),
    async ask() {
      actedAt = device.now()
      askedAt ??= actedAt
      if (accepted && !mayForget(plan)) complaints.push('a question that was taken is gone')
      pick(0)?.ask()
      await device.settle()
    },
    async happen(event) {
      await happen(event)
      await device.settle()
    },
    async heal() {
      for (const { end } of lasting) end()
      server.heal()
      if (living().length === 0) open()
      await device.settle()
    },
    look: async () => living().flatMap((tab) => (tab.page.isFrozen() ? [] : [tab.view()])),
    server: server.view,
    async reloadAll() {
      stayed = random.chance(0.5)
      if (stayed) await until(device.now() + stayMs)
      for (const tab of living()) {
        const { parts } = tab.view()
        await close(tab)
        await opened(open(comesBack() ? parts : []))
      }
    },
    async close() {
      const left = await leftovers()
      left.push(...complaints, ...tabs.flatMap((tab) => tab.view().complaints))
      for (const tab of living()) tab.kill()
      server.close()
      return [...rejections.splice(0).map((reason) => `unhandled rejection: ${String(reason)}`), ...left]
    },
  }
}
