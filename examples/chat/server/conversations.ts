import { DatabaseSync } from 'node:sqlite'
import type { ChatMessage } from '@rejoin/core'

/** What was said so far, so that a follow-up (“and in the South?”) is understood, also by a server that was started anew. */
export interface Conversations {
  turns(conversation: Conversation): readonly Turn[]
  /** A turn of the same run takes the place of the one before. */
  put(conversation: Conversation, turn: Turn): void
}

export interface Conversation {
  readonly user: string | null
  readonly session: string
}

/** A question, and what leads to its answer. */
export interface Turn {
  readonly runId: string
  readonly question: ChatMessage
  /** `null` while there is none. */
  readonly token: string | null
  /** `null` while it is not known. */
  readonly answer: ChatMessage | null
}

/** The oldest turns of a conversation are forgotten beyond this many. */
const maxTurns = 50

/** @param file `:memory:` for one that ends with the process */
export function createConversations(file: string): Conversations {
  // Another process that writes is waited for.
  const database = new DatabaseSync(file, { timeout: 5_000 })
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS turn (conversation TEXT, run TEXT, turn TEXT, PRIMARY KEY (conversation, run)) STRICT;
  `)
  const select = database.prepare('SELECT turn FROM turn WHERE conversation = ? ORDER BY rowid')
  const upsert = database.prepare('INSERT INTO turn VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET turn = excluded.turn')
  const forget = database.prepare(
    'DELETE FROM turn WHERE conversation = ?1 AND rowid <= (SELECT rowid FROM turn WHERE conversation = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)',
  )
  const nameOf = ({ user, session }: Conversation): string => JSON.stringify([user, session])
  return {
    turns: (conversation) => select.all(nameOf(conversation)).map(({ turn }): Turn => JSON.parse(String(turn))),
    put(conversation, turn) {
      const name = nameOf(conversation)
      upsert.run(name, turn.runId, JSON.stringify(turn))
      forget.run(name, maxTurns)
    },
  }
}
