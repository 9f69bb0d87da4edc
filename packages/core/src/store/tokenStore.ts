import { startCursor } from '../cursor.ts'
import { type RunStart } from '../run.ts'
import { type Update } from '../update.ts'
import { type RunStore, type RunWrite } from './runStore.ts'

/**
 * The same store with no word of the conversation in it: neither what the person has written nor what the agent has. A reload
 * asks the server for the answer from its beginning. A start that was lost before it had a token is not sent again, since nobody
 * knows any more what it said.
 */
export function tokenStore(store: RunStore): RunStore {
  return {
    ...store,
    begin: (start) => store.begin(withoutWords(start)),
    append: (key, write) => store.append(key, tokenIn(write)),
    leave: (key, writes) => store.leave(key, writes.map(tokenIn)),
  }
}

function withoutWords(start: RunStart): RunStart {
  return { ...start, message: null }
}

/** The cursor stays with the content: it is never ahead of what is stored. */
function tokenIn({ reader, updates, handle, outcome, paused, at }: RunWrite): RunWrite {
  return {
    reader,
    after: startCursor,
    cursor: startCursor,
    updates: updates.flatMap(endIn),
    ...(handle !== undefined && { handle }),
    ...(outcome && { outcome }),
    ...(paused && { paused }),
    ...(at !== undefined && { at }),
  }
}

/** That it has ended, how, and what the next turn goes on from. */
function endIn(update: Update): Update[] {
  if (update.type !== 'end') return []
  const { type, outcome, elapsedMs, conversation } = update
  return [{ type, cursor: startCursor, outcome, elapsedMs, ...(conversation !== undefined && { conversation }) }]
}
