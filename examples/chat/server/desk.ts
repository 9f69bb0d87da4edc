import type { Agent } from '@rejoin/core'
import type { About } from './about.ts'

/** An agent, and what the page says of it. */
export interface Desk {
  readonly agent: Agent
  readonly about: About
}
