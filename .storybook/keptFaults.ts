import type { AgentFaults } from '@rejoin/testkit'

const key = 'rejoin/network/faults'

/**
 * What the panel has made of a story's network, for the frame that takes the place of one that was reloaded: it has to
 * be known before the first request, and the panel could only answer after it. Of another story it forgets it.
 */
export function keptFaults(story: string): AgentFaults | undefined {
  // By itself a story has no panel that could put an end to it.
  if (window.parent === window) return undefined
  const kept: { story: string; faults: AgentFaults } | null = JSON.parse(sessionStorage.getItem(key) ?? 'null')
  if (kept?.story === story) return kept.faults
  forgetFaults()
  return undefined
}

export function keepFaults(story: string, faults: AgentFaults): void {
  sessionStorage.setItem(key, JSON.stringify({ story, faults }))
}

export function forgetFaults(): void {
  sessionStorage.removeItem(key)
}
