import { movedHead } from './movedHead.ts'
import { type RunRecord, type RunWrite } from './runStore.ts'
import { isWrite } from './stored.ts'

/**
 * What a record comes to with what its last reader has left: of that, each write counts that follows where the
 * log stands by then. One that was in flight may have been written all the same, and then the next follows.
 */
export function takeLeft(
  record: Pick<RunRecord, 'head' | 'handle' | 'updates'>,
  left: readonly RunWrite[],
): Pick<RunRecord, 'head' | 'handle' | 'updates'> & { taken: readonly RunWrite[] } {
  let { head, handle, updates } = record
  let passed: Pick<RunWrite, 'handle' | 'at'> = {}
  const taken: RunWrite[] = []
  for (const each of left) {
    if (each.reader !== head.reader || head.outcome !== null) continue
    const write = { ...passed, ...each }
    // Over a damaged log only a new base follows, and it is silent about what those before it had said.
    const follows = write.replace ? write.cursor > head.cursor : write.after === head.cursor
    if (!follows) {
      passed = { ...(write.handle !== undefined && { handle: write.handle }), ...(write.at !== undefined && { at: write.at }) }
      continue
    }
    taken.push(write)
    passed = {}
    updates = write.replace ? write.updates : [...updates, ...write.updates]
    head = movedHead(head, write)
    if (write.handle !== undefined) handle = write.handle
  }
  return { head, handle, updates, taken }
}

export function isLeft(value: unknown): value is readonly RunWrite[] {
  return Array.isArray(value) && value.every(isWrite)
}
