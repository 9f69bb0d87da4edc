/** What a browser tells a page that is reloaded: that it goes, and that it is not kept. */
export async function leavePage(): Promise<void> {
  window.dispatchEvent(pageHide())
  const show = hide()
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  // A page gets the microtasks of what listened, and no more.
  for (let left = microtasks; left > 0; left -= 1) await undefined
  show()
}

/** More than any chain of promises that a listener begins. */
const microtasks = 50

function pageHide(): Event {
  // Not every document that is emulated has events of its kind.
  return Object.assign(new Event('pagehide'), { persisted: false })
}

/** Gives back how to show the document again, as it was before. */
function hide(): () => void {
  const before = (['visibilityState', 'hidden'] as const).map((name) => [name, Object.getOwnPropertyDescriptor(document, name)] as const)
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(document, name, descriptor)
      else Reflect.deleteProperty(document, name)
    }
  }
}
