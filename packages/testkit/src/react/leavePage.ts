/**
 * What a browser tells a page that is reloaded: that it goes, and that it is not kept. All pages of a test share one
 * window, so each hears of it. Gives back what those that are still there have to be told once it has gone: that they
 * were kept, and are back.
 */
export async function leavePage(): Promise<() => void> {
  window.dispatchEvent(transition('pagehide', false))
  const show = hide()
  tellVisibility()
  // A page gets the microtasks of what listened, and no more.
  for (let left = microtasks; left > 0; left -= 1) await undefined
  return () => {
    show()
    window.dispatchEvent(transition('pageshow', true))
    tellVisibility()
  }
}

/** More than any chain of promises that a listener begins. */
const microtasks = 50

function transition(type: 'pagehide' | 'pageshow', persisted: boolean): Event {
  // Not every document that is emulated has events of its kind.
  return Object.assign(new Event(type), { persisted })
}

function tellVisibility(): void {
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
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
