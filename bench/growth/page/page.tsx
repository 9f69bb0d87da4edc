import { createEngine, cursorOf, idbRunStore, newRun, reduce, shownParts, streamOf, textOf, type Agent } from '@rejoin/core'
import { countWrites, type Writes } from './countWrites.ts'

declare global {
  interface Window {
    grow(updates: number): Promise<Growth>
  }
}

/** What an answer of so many updates has cost. */
export interface Growth extends Writes {
  /** Bytes of the text. */
  readonly text: number
  /** Whether what is stored is the very text. */
  readonly identical: boolean
}

const user = 'growth'
const session = 'main'

function deltaOf(n: number): string {
  return `word ${n} `
}

/** Says a few characters in each turn of the event loop: about 250 times a second. */
function writer(updates: number): Agent {
  const nothing = (): Promise<never> => Promise.reject(new Error('It is neither polled nor stopped.'))
  return {
    run: nothing,
    cancel: nothing,
    runStreaming: () =>
      streamOf(async function* () {
        yield { handle: 'handle', updates: [{ type: 'open', cursor: cursorOf(0, 0), mode: 'tail', elapsedMs: 0 }] }
        for (let n = 1; n <= updates; n += 1) {
          yield { handle: 'handle', updates: [{ type: 'text', cursor: cursorOf(0, n), delta: deltaOf(n) }] }
          await new Promise((resolve) => setTimeout(resolve))
        }
        yield { handle: null, updates: [{ type: 'end', cursor: cursorOf(0, updates + 1), outcome: { type: 'completed' }, elapsedMs: 1 }] }
      }),
  }
}

window.grow = async (updates) => {
  const writes = countWrites()
  const engine = createEngine({ agent: writer(updates), user })
  engine.mount()
  const chat = engine.session(session)
  const finished = new Promise((resolve) => chat.onFinish(resolve))
  await chat.send('Write.')
  await finished
  const store = idbRunStore(user)
  let [record] = await store.load(session)
  while (record?.head.outcome === null) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    ;[record] = await store.load(session)
  }
  const text = Array.from({ length: updates }, (_, at) => deltaOf(at + 1)).join('')
  const stored = record && textOf({ parts: shownParts(record.updates.reduce(reduce, newRun(record.start))) })
  return { ...writes(), text: text.length, identical: stored === text }
}
