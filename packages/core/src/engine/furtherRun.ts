import { lengthOf } from '../message.ts'
import { reduce } from '../reduce.ts'
import { isOutcome, shownParts, type Run } from '../run.ts'

/**
 * Of two states of one run the one that knows more: what this tab has, and what another tab or the store
 * says. Never shows less than `mine` does, short of an end that knows better.
 */
export function furtherRun(mine: Run, theirs: Run): Run {
  if (isOutcome(mine.state)) return isOutcome(theirs.state) && theirs.cursor > mine.cursor ? theirs : mine
  if (theirs.cursor >= mine.cursor) return isOutcome(theirs.state) ? theirs : withFloor(theirs, mine)
  if (!isOutcome(theirs.state)) return mine
  const { state: outcome, elapsed } = theirs
  return reduce(mine, { type: 'end', cursor: mine.cursor, outcome, elapsedMs: elapsed.ms })
}

function withFloor(theirs: Run, mine: Run): Run {
  const shown = shownParts(mine)
  return lengthOf(shown) > lengthOf(shownParts(theirs)) ? { ...theirs, floor: shown } : theirs
}
