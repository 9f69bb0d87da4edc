import { type EngineName } from './kinds.ts'
import { type Result } from './play.ts'

/** Where the plans of an engine are played, several at a time. */
export interface Stage {
  /** How many plans are played at once. */
  readonly width: number
  play(seed: number): Promise<Result>
  close(): Promise<void>
}

/** @param width how many plans at once. @default what the engine does well with */
export async function openStage(engine: EngineName, width?: number): Promise<Stage> {
  // Loaded late: who plays in Node needs no driver of a browser.
  if (engine === 'node') return await (await import('./node/stage.ts')).openNodeStage(width)
  return await (await import('./browser/stage.ts')).openBrowserStage(engine, width)
}
