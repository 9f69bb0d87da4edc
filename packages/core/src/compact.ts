import { lengthOf } from './message.ts'
import { isDelta, type DeltaUpdate, type Update } from './update.ts'

/**
 * Joins what stands side by side and says together the same: `reduce` over the result equals `reduce`
 * over `updates`, for any run whose cursor does not lie inside them.
 */
export function compact(updates: readonly Update[]): Update[] {
  const out: Update[] = []
  // A string per joined run of deltas, not one per delta.
  let deltas: string[] = []
  const close = (): void => {
    const last = out.at(-1)
    if (deltas.length > 1 && last !== undefined && isDelta(last)) out[out.length - 1] = { ...last, delta: deltas.join('') }
    deltas = []
  }
  for (const update of updates) {
    if (update.type === 'open') continue
    const last = out.at(-1)
    if (isDelta(update)) {
      if (deltas.length > 0 && grows(update, last)) {
        out[out.length - 1] = update
      } else {
        close()
        out.push(update)
      }
      deltas.push(update.delta)
      continue
    }
    close()
    if (replaces(update, last)) out[out.length - 1] = update
    else out.push(update)
  }
  close()
  return out
}

function grows(update: DeltaUpdate, last: Update | undefined): boolean {
  return last !== undefined && isDelta(last) && last.type === update.type && last.id === update.id
}

function replaces(update: Update, last: Update | undefined): boolean {
  switch (update.type) {
    case 'progress':
      return last?.type === 'progress' && last.step.id === update.step.id
    case 'part':
      // A longer one may have caught up with what was shown before a snapshot, and a shorter one would not.
      return last?.type === 'part' && last.part.id === update.part.id && lengthOf([last.part]) <= lengthOf([update.part])
    case 'status':
      return last?.type === 'status'
    case 'other':
      return last?.type === 'other'
    default:
      return false
  }
}
