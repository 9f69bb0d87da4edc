import type { AgentFaults } from '@rejoin/testkit'

/** What the network of the story that is shown is like. */
export interface NetworkState {
  readonly faults: AgentFaults
  /** Open now. */
  readonly connections: number
}

/** What the panel and the story tell each other over Storybook's channel. */
export const networkMessage = {
  /** To the panel: a `NetworkState`, or `null` where no story is shown. */
  state: 'rejoin/network/state',
  /** To the panel: how many connections a cut has broken. */
  wasCut: 'rejoin/network/wasCut',
  /** To the story: the panel is there and wants to know. */
  ask: 'rejoin/network/ask',
  /** To the story: a part of `AgentFaults`. */
  change: 'rejoin/network/change',
  /** To the story. */
  cut: 'rejoin/network/cut',
} as const
