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
  const taken: RunWrite[] = []
  for (const write of left) {
    const follows = write.replace ? write.cursor > head.cursor : write.after === head.cursor
    if (write.reader !== head.reader || head.outcome !== null || !follows) continue
    taken.push(write)
    updates = write.replace ? write.updates : [...updates, ...write.updates]
    head = movedHead(head, write)
    if (write.handle !== undefined) handle = write.handle
  }
  return { head, handle, updates, taken }
}

export function isLeft(value: unknown): value is readonly RunWrite[] {
  return Array.isArray(value) && value.every(isWrite)
}
