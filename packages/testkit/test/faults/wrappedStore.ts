import { type RunStore } from '@rejoin/core'

/** The same store, each of whose transactions goes through `run`. */
export function wrappedStore(store: RunStore, run: <T>(transaction: () => Promise<T>) => Promise<T>): RunStore {
  return {
    load: (session) => run(() => store.load(session)),
    begin: (start) => run(() => store.begin(start)),
    list: () => run(() => store.list()),
    adopt: (start) => run(() => store.adopt(start)),
    claimReader: (key) => run(() => store.claimReader(key)),
    append: (key, write) => run(() => store.append(key, write)),
    leave: (key, writes) => run(() => store.leave(key, writes)),
    requestStop: (key) => run(() => store.requestStop(key)),
    claimOnce: (key, name) => run(() => store.claimOnce(key, name)),
    remove: (key) => run(() => store.remove(key)),
    expire: (before, isSpared) => run(() => store.expire(before, isSpared)),
    purge: () => run(() => store.purge()),
    countPurges: () => run(() => store.countPurges()),
  }
}
