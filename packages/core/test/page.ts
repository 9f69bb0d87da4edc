import { createEngine, soloTabs, textOf } from '@rejoin/core'
import type { Agent, Engine, EngineOptions, RunState, Session } from '@rejoin/core'
import { vi } from 'vitest'

/** A page with one session that somebody looks at. */
export interface Page {
  readonly engine: Engine
  readonly session: Session
  /** As a closed page leaves it. */
  leave(): Promise<void>
}

export type PageOptions = Partial<EngineOptions> & { agent: Agent }

/** A page on a store: a second one on the same store is what a reload gives. Needs fake time. */
export async function openPage(options: PageOptions): Promise<Page> {
  const page = beginPage(options)
  await page.session.restored()
  return page
}

/** One that may not have read its store yet. */
export function beginPage(options: PageOptions): Page {
  const engine = createEngine({ user: 'u', tabs: soloTabs(), backoff: { random: () => 1 }, ...options })
  const unmount = engine.mount()
  const session = engine.session('main')
  session.subscribe(() => {})
  return {
    engine,
    session,
    async leave() {
      unmount()
      await settle()
    },
  }
}

/** A page that has asked, and whose question is on its way. */
export async function askedPage(options: PageOptions): Promise<Page> {
  const page = await openPage(options)
  const { accepted } = await page.session.send('A question')
  if (!accepted) throw new Error('The question was refused.')
  await settle()
  return page
}

export const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)
export const frame = (): Promise<unknown> => vi.advanceTimersByTimeAsync(16)
export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

export function texts({ session }: Page): string[] {
  return session.getSnapshot().messages.map(textOf)
}

/** The answers, as they are on the screen. */
export function shown({ session }: Page): string {
  const answers = session.getSnapshot().messages.filter(({ role }) => role === 'assistant')
  return answers.map(textOf).join('|')
}

export function state({ session }: Page): RunState | undefined {
  return session.getSnapshot().run?.state
}
