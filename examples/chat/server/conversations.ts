import { DatabaseSync } from 'node:sqlite'
import type { ChatMessage } from '@rejoin/core'
import type { RecordedMessage } from '@rejoin/proxy'

/** What was said so far, so that a follow-up (“and in the South?”) is understood, also by a server that was started anew. */
export interface Conversations {
  /** Oldest first. */
  messages(conversation: Conversation): readonly ChatMessage[]
  /** Puts a message in the place of the one with its id. */
  save(recorded: RecordedMessage): void
}

interface Conversation {
  readonly user: string | null
  readonly session: string
}

/** The oldest messages of a conversation are forgotten beyond this many. */
const maxMessages = 100

/** @param file `:memory:` for one that ends with the process */
export function createConversations(file: string): Conversations {
  // Another process that writes is waited for.
  const database = new DatabaseSync(file, { timeout: 5_000 })
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS message (conversation TEXT, id TEXT, message TEXT, PRIMARY KEY (conversation, id)) STRICT;
  `)
  const select = database.prepare('SELECT message FROM message WHERE conversation = ? ORDER BY rowid')
  const upsert = database.prepare('INSERT INTO message VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET message = excluded.message')
  const remove = database.prepare('DELETE FROM message WHERE conversation = ? AND id = ?')
  const forget = database.prepare(
    'DELETE FROM message WHERE conversation = ?1 AND rowid <= (SELECT rowid FROM message WHERE conversation = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)',
  )
  const nameOf = ({ user, session }: Conversation): string => JSON.stringify([user, session])
  return {
    messages: (conversation) => select.all(nameOf(conversation)).map(({ message }): ChatMessage => JSON.parse(String(message))),
    save(recorded) {
      const { message, replaces } = recorded
      const name = nameOf(recorded)
      if (replaces !== null) remove.run(name, replaces)
      // A run that came to nothing has said nothing.
      if (message.parts.length === 0) return
      upsert.run(name, message.id, JSON.stringify(message))
      forget.run(name, maxMessages)
    },
  }
}
