import { type Storage } from './storage.ts'

/** Notices a purge that this tab could not be told of: it was frozen, or nobody needed its engine. */
export interface Purges {
  /** Resolves when the store has said how often all was purged, or does not answer. What it says later counts, too. */
  look(): Promise<void>
  /** This tab knows of the latest purge, or makes one. */
  known(): void
}

/** @param onUnheard all was purged since the last look, and nobody has said so */
export function createPurges({ attempt }: Storage, onUnheard: () => void): Purges {
  let count: number | null = null
  let latest = 0

  return {
    async look() {
      latest += 1
      const mine = latest
      function take(next: number | null): void {
        if (next === null || mine !== latest) return
        if (count !== null && next > count) onUnheard()
        count = next
      }
      take(await attempt((store) => store.countPurges(), null, take))
    },
    known() {
      count = null
      latest += 1
    },
  }
}
