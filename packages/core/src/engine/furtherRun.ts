import { lengthOf } from '../message.ts'
import { reduce } from '../reduce.ts'
import { isOutcome, shownParts, type Run } from '../run.ts'
import { type EndUpdate } from '../update.ts'

/**
 * Of two states of one run the one that knows more: what this tab has, and what another tab or the store says. Never shows less than
 * `mine` does, short of an end that knows better. Whoever has heard the same has the same, in whatever order: an answer that was
 * stopped may have been followed further in one tab than in the one that stopped it.
 */
export function furtherRun(mine: Run, theirs: Run): Run {
  if (!isOutcome(mine.state)) return isOutcome(theirs.state) ? endedAs(mine, theirs) : openRun(mine, theirs)
  if (!isOutcome(theirs.state)) return knowsMore(theirs, mine) && mine.state.type !== 'completed' ? endedAs(theirs, mine) : mine
  const better = isBetter(theirs, mine) ? theirs : mine
  const cursor = theirs.cursor > mine.cursor ? theirs.cursor : mine.cursor
  return better.cursor === cursor ? better : { ...better, cursor }
}

/** The end that a run has come to, for one that has not heard of it. */
export function endOf({ state, cursor, parts, steps, elapsed, conversation }: Run): EndUpdate | null {
  if (!isOutcome(state)) return null
  return { type: 'end', cursor, outcome: state, elapsedMs: elapsed.ms, ...(parts.length > 0 && { parts }), steps, ...(conversation !== null && { conversation }) }
}

function openRun(mine: Run, theirs: Run): Run {
  if (theirs.cursor < mine.cursor) return mine
  const shown = shownParts(mine)
  return lengthOf(shown) > lengthOf(shownParts(theirs)) ? { ...theirs, floor: shown } : theirs
}

function endedAs(open: Run, ended: Run): Run {
  const end = endOf(ended)
  return end === null || (ended.cursor >= open.cursor && (ended.state.type === 'completed' || !knowsMore(open, ended))) ? ended : reduce(open, end)
}

/** Whether the one is further than the other, or shows more. */
export function knowsMore(one: Run, other: Run): boolean {
  return one.cursor > other.cursor || lengthOf(shownParts(one)) > lengthOf(shownParts(other))
}

/** A completed answer is all of it; of one that was cut short, the longer is more of it. */
function isBetter(theirs: Run, mine: Run): boolean {
  const [completed, other] = [theirs.state.type === 'completed', mine.state.type === 'completed']
  if (completed !== other) return completed
  const [longer, length] = [lengthOf(theirs.parts), lengthOf(mine.parts)]
  return completed || longer === length ? theirs.cursor > mine.cursor : longer > length
}
