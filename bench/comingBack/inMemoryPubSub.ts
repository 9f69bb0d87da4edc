import { EventEmitter } from 'node:events'
import { type Publisher, type Subscriber } from 'resumable-stream/generic'

/** What `resumable-stream` needs of Redis, in this process: nothing on the way costs the peer time. */
export function inMemoryPubSub(): { publisher: Publisher; subscriber: Subscriber } {
  const values = new Map<string, string>()
  const channels = new EventEmitter()
  channels.setMaxListeners(0)

  return {
    publisher: {
      connect: async () => {},
      async publish(channel, message) {
        // As over a network: after whoever publishes has gone on.
        setImmediate(() => channels.emit(channel, message))
      },
      async set(key, value) {
        values.set(key, value)
      },
      get: async (key) => values.get(key) ?? null,
      async incr(key) {
        const next = Number(values.get(key) ?? 0) + 1
        values.set(key, String(next))
        return next
      },
    },
    subscriber: {
      connect: async () => {},
      async subscribe(channel, hear) {
        channels.on(channel, hear)
      },
      unsubscribe: async (channel) => channels.removeAllListeners(channel),
    },
  }
}
