import { type Agent, type AgentRunOptions, type RunStore } from '@rejoin/core'

/** One life of a page, from a load to a reload or a crash. */
export interface PageLife {
  /** Aborts at its end. */
  readonly signal: AbortSignal
  /**
   * What this page stores its runs in. At its end the page loses hold of it: what it has begun by then is stored, and
   * nothing more.
   * @param store what outlives the page. @default one in memory, which all loads of this page share and nobody else
   */
  store(store?: RunStore): RunStore
  /** The agent as this page reaches it. At its end, its connections break, and it is heard of no more. */
  agent(agent: Agent): Agent
}

/** A life, as who ends it sees it. */
export interface EndableLife extends PageLife {
  /** Whether the page has a store that can be taken from it. */
  readonly storeGiven: boolean
  end(): void
}

const never = new Promise<never>(() => {})

/** @param kept what it stores in unless it says in what */
export function beginLife(kept: RunStore): EndableLife {
  const ending = new AbortController()
  const { signal } = ending
  let storeGiven = false

  /** What a page that is gone is told is never used: it only has to leave no complaint. */
  function unless<T>(gone: T, work: () => Promise<T>): Promise<T> {
    return signal.aborted ? Promise.resolve(gone) : work()
  }

  return {
    signal,
    get storeGiven() {
      return storeGiven
    },
    end() {
      ending.abort(new DOMException('The page is gone.', 'AbortError'))
    },
    store(store = kept) {
      storeGiven = true
      return {
        load: (session) => unless([], () => store.load(session)),
        list: () => unless([], () => store.list()),
        begin: (start) => unless(true, () => store.begin(start)),
        adopt: (start) => unless(false, () => store.adopt(start)),
        claimReader: (key) => unless(null, () => store.claimReader(key)),
        append: (key, write) => unless('written', () => store.append(key, write)),
        leave: (key, writes) => unless(undefined, () => store.leave(key, writes)),
        requestStop: (key) => unless(undefined, () => store.requestStop(key)),
        claimOnce: (key, name) => unless(false, () => store.claimOnce(key, name)),
        remove: (key) => unless(undefined, () => store.remove(key)),
        expire: (before, isSpared) => unless(undefined, () => store.expire(before, isSpared)),
        purge: () => unless(undefined, () => store.purge()),
        countPurges: () => unless(0, () => store.countPurges()),
      }
    },
    agent(agent) {
      function untilThen<Options extends Pick<AgentRunOptions, 'signal'>>(options: Options): Options {
        return { ...options, signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal }
      }
      const { list } = agent
      return {
        ...(agent.startsOnce !== undefined && { startsOnce: agent.startsOnce }),
        run: (messages, options) => (signal.aborted ? never : agent.run(messages, untilThen(options))),
        runStreaming: (messages, options) => (signal.aborted ? silence() : agent.runStreaming(messages, untilThen(options))),
        cancel: (options) => (signal.aborted ? never : agent.cancel(untilThen(options))),
        ...(list && { list: (options) => (signal.aborted ? never : list.call(agent, untilThen(options))) }),
      }
    },
  }
}

async function* silence(): AsyncGenerator<never> {
  yield await never
}
