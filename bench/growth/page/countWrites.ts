/** What has been written to IndexedDB. */
export interface Writes {
  readonly transactions: number
  readonly puts: number
  /** About as many as the values come to when they are cloned; nearly all of that is text. */
  readonly bytes: number
}

/** Counts from now on. Gives back how to ask for it. */
export function countWrites(): () => Writes {
  const { put } = IDBObjectStore.prototype
  const { transaction } = IDBDatabase.prototype
  const sum = { transactions: 0, puts: 0, bytes: 0 }
  IDBObjectStore.prototype.put = function (value: unknown, key) {
    sum.puts += 1
    sum.bytes += JSON.stringify([key, value]).length
    return put.call(this, value, key)
  }
  IDBDatabase.prototype.transaction = function (names, mode, options) {
    if (mode === 'readwrite') sum.transactions += 1
    return transaction.call(this, names, mode, options)
  }
  return () => ({ ...sum })
}
