import { paths, type Acted } from './chaosPage.ts'

const { now } = Date
const { put } = IDBObjectStore.prototype
const { open } = IDBFactory.prototype
const { transaction } = IDBDatabase.prototype

let acted: Acted = { offline: false, clockMs: 0, storage: null }

Date.now = () => now() + acted.clockMs

// A disk that is full says so in mid-transaction.
IDBObjectStore.prototype.put = function (...parameters) {
  const request = put.apply(this, parameters)
  if (acted.storage === 'quota') queueMicrotask(() => abort(this.transaction))
  return request
}

IDBFactory.prototype.open = function (...parameters) {
  if (acted.storage === 'denied') throw new DOMException('Storage is denied.', 'SecurityError')
  return open.apply(this, parameters)
}

IDBDatabase.prototype.transaction = function (...parameters) {
  if (acted.storage === 'denied') throw new DOMException('Storage is denied.', 'UnknownError')
  return transaction.apply(this, parameters)
}


/** Begins and ends what the page does to itself. */
export function act(next: Acted): void {
  const before = acted
  acted = next
  if (next.offline) Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => false })
  else Reflect.deleteProperty(navigator, 'onLine')
  if (before.offline !== next.offline) window.dispatchEvent(new Event(next.offline ? 'offline' : 'online'))
}

/** A request that keeps the whole thread is what comes next to a frozen page: no timer, no message, no answer gets through. */
export function freeze(tab: string): void {
  hide(true)
  document.dispatchEvent(new Event('freeze'))
  setTimeout(() => {
    const hold = new XMLHttpRequest()
    hold.open('POST', `${paths.hold}?tab=${tab}`, false)
    try {
      hold.send()
    } catch {
      // The device went offline: it is over.
    }
    document.dispatchEvent(new Event('resume'))
    hide(false)
  })
}

function hide(next: boolean): void {
  if (next) {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })
  } else {
    // Its own again: a page that goes is hidden in truth.
    Reflect.deleteProperty(document, 'visibilityState')
    Reflect.deleteProperty(document, 'hidden')
  }
  document.dispatchEvent(new Event('visibilitychange'))
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It is committed already: this once there was room.
  }
}
