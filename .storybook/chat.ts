import type { RunMode, RunStore } from '@rejoin/core'
import type { Upload } from '@rejoin/react'
import type { AgentFaults, FaultyAgent, Script } from '@rejoin/testkit'

/** What stands behind a story: the parameter `chat`. */
export interface StoryChat {
  /** What each question is answered with, or a function to that. @default nothing, and the answer is complete */
  script?: Script | ((question: string) => Script)
  /** Milliseconds before each update. @default 0 */
  paceMs?: number
  /** Is asked as soon as the story is there; `null` for a chat in which nothing was said. @default 'How did March go?' */
  ask?: string | null
  mode?: RunMode
  /** What is wrong with the network from the beginning. @default nothing */
  faults?: Partial<AgentFaults>
  /** What goes wrong once something of the answer is there. */
  later?: Partial<AgentFaults>
  /** A stalled connection breaks after so many milliseconds. @default 4000 */
  stallMs?: number
  /** `browser`: what the provider takes by itself, IndexedDB and locks, which outlive a reload. @default 'memory' */
  store?: 'memory' | 'browser'
  /** Where files go. @default nowhere: none can be attached */
  upload?: Upload
  /** Whether the story stands in a `Chat.Root`; without, it brings its own. @default true */
  root?: boolean
  /** CSS lengths. @default '56rem', and as high as it is */
  width?: string
  height?: string
}

/** What the loader has made of it, for decorators and play functions. */
export interface LoadedChat {
  readonly network: FaultyAgent
  readonly store: RunStore | undefined
}

/** The session of every story. */
export const session = 'story'

/** Whose runs those are that are kept in the browser. */
export const user = 'storybook'

/** `parameters: chat({ … })`. */
export function chat(options: StoryChat): { chat: StoryChat } {
  return { chat: options }
}

export function chatOf({ chat = {} }: { chat?: StoryChat }): StoryChat {
  return chat
}

/** The network of a story, for its play function: `networkOf(context).cut()`. */
export function networkOf({ loaded }: { loaded: { chat?: LoadedChat } }): FaultyAgent {
  if (loaded.chat === undefined) throw new Error('There is no chat behind this story: preview.tsx loads none.')
  return loaded.chat.network
}
