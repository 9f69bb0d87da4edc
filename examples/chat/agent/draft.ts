import type { GeneratorItem } from '@rejoin/proxy'
import { chunks } from './chunks.ts'
import { step } from './step.ts'
import type { Pause } from './wait.ts'

/** What is going to be written: the agent's checkpoint. */
export interface Draft {
  readonly what: string
  readonly sections: readonly string[]
}

/** Waits in milliseconds at pace 1. */
const waits = { section: 700, word: 47 }

/** The sections with one line break at the end instead of a paragraph's two. */
export function draftOf(what: string, sections: readonly string[]): Draft {
  return { what, sections: sections.map((section, index) => (index === sections.length - 1 ? `${section.trimEnd()}\n` : section)) }
}

/** `null` for what an earlier version of this program may have noted. */
export function draftIn(checkpoint: unknown): Draft | null {
  if (typeof checkpoint !== 'object' || checkpoint === null || !('what' in checkpoint) || !('sections' in checkpoint)) return null
  const { what, sections } = checkpoint
  if (typeof what !== 'string' || !Array.isArray(sections)) return null
  return sections.every((section) => typeof section === 'string') ? { what, sections } : null
}

/** @param written so many characters of it are there already */
export async function* writeDraft({ what, sections }: Draft, written: number, pause: Pause): AsyncGenerator<GeneratorItem> {
  const total = sections.length
  let at = 0
  for (const [index, section] of sections.entries()) {
    if (at + section.length <= written) {
      at += section.length
      continue
    }
    yield step('write', `Writing ${what}`, 'active', index, total)
    if (at >= written) await pause(waits.section)
    for (const chunk of chunks(section)) {
      const rest = chunk.slice(Math.max(0, written - at))
      at += chunk.length
      if (rest === '') continue
      await pause(waits.word)
      yield rest
    }
  }
  yield step('write', `Writing ${what}`, 'done', total, total)
}
