import { type Agent, type ProgressStep } from '@rejoin/core'

/** A kind of agent, as the contract sees it. */
export interface AgentContractSubject {
  readonly name: string
  readonly can: ContractAbilities
  /** A fresh agent, with a backend of its own, that answers every message as the answer says. */
  create(answer: ContractAnswer): ContractWorld | Promise<ContractWorld>
}

/** What an agent can do. Cases that need more are left out. */
export interface ContractAbilities {
  /** Goes on without a connection, and answers `run` with a token when asked to. */
  readonly background: boolean
  /** Its world can tell whether the backend was asked to work in the background. */
  readonly showsBackground: boolean
  /** Goes on from a token. */
  readonly resume: boolean
  /** Says how far a run is, and gives its answer once it has ended. */
  readonly poll: boolean
  /** Cancels with a token. */
  readonly cancel: boolean
  /** Cancels by a run's id alone, at least where it was started. */
  readonly cancelWithoutToken: boolean
  /** A cancel ends the work, so that whoever reads or polls hears of it at once. */
  readonly cancelStops: boolean
  /** Once cancelled, a run stays so whatever its backend does. */
  readonly cancelIsFinal: boolean
  /** Another process knows of a cancel. */
  readonly sharesCancels: boolean
  /** Finds runs by their ids alone: a second start joins the first, and a start after its cancel is cancelled. */
  readonly joinsStarts: boolean
  /** Refuses a token together with the id of another run. */
  readonly bindsTokens: boolean
  /** A task that is done at once is answered without a token, in the background too. */
  readonly answersAtOnce: boolean
  readonly reasoning: boolean
  readonly progress: boolean
  readonly tools: boolean
  /** Can end as `incomplete`. */
  readonly incomplete: boolean
  /** Can ask the person in the middle, for words or for a yes, and goes on with the answer in a run of its own. */
  readonly asks: boolean
  /** Knows which of its questions were answered, passed over or stopped, and takes no answer to those any more. */
  readonly answersOnce: boolean
  /** Its ends say what the next turn goes on from, and its world can tell what it has heard (`heard`). */
  readonly converses: boolean
  /** A turn can be asked again without what was said in it before. */
  readonly branches: boolean
}

/** The name of something that an agent can do. */
export type ContractAbility = keyof ContractAbilities

/** One agent and what is behind it. */
export interface ContractWorld {
  readonly agent: Agent
  /** Another agent object, as another process would have it: all it shares with the first is the backend. */
  again(): Agent
  /** How many runs the backend has started. */
  started(): number
  /** Whether the backend was asked to work in the background, for the last run. For `showsBackground`. */
  background?(): boolean
  /** What the person has said up to the last run, as the backend knows it: the texts, oldest first. For `converses`. */
  heard?(): readonly string[] | Promise<readonly string[]>
  /** Opens the next hold of every run that has been started, whether it has come to it yet or not. */
  release(): void | Promise<void>
  /** Ends what is left, runs that stand at a hold too. */
  close(): void | Promise<void>
}

/** What a run is to be. Plain data. */
export interface ContractAnswer {
  readonly pieces: readonly ContractPiece[]
  readonly outcome: ContractOutcome
}

/** One piece of an answer. */
export type ContractPiece =
  | { readonly type: 'text' | 'reasoning'; readonly delta: string }
  | { readonly type: 'progress'; readonly step: ProgressStep }
  /** A tool that the agent has used, as a part. */
  | { readonly type: 'tool'; readonly id: string; readonly name: string; readonly output: string }
  /** The run asks for words with this prompt, or for a yes, and waits; what follows is of the run that answers. For `asks`. */
  | { readonly type: 'ask'; readonly id: string; readonly prompt: string }
  /** The run stands still until the world releases it. What came before it reaches the readers. */
  | { readonly type: 'hold' }

/** How an answer is to end. */
export type ContractOutcome =
  | { readonly type: 'completed' }
  /** Which reason, the subject says. */
  | { readonly type: 'incomplete' }
  /** `words` are the backend's own; nobody may hear them. Which code, the subject says. */
  | { readonly type: 'failed'; readonly words: string }
