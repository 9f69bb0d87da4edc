import { vi } from 'vitest'

/** A window, a document and a navigator of which only the events, the visibility and the network are there. */
export interface StubWindow {
  show(): void
  hide(): void
  /** The browser says that there is a network, and that it has changed. */
  online(): void
  /** The browser says that there is none. */
  offline(): void
  freeze(): void
  resume(): void
  pagehide(): void
  pageshow(persisted: boolean): void
}

/** Until `vi.unstubAllGlobals()`; what listened before does not hear it. */
export function stubWindow(): StubWindow {
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const navigator = { onLine: true }
  vi.stubGlobal('window', window)
  vi.stubGlobal('navigator', navigator)
  vi.stubGlobal('document', document)

  function become(visibility: 'visible' | 'hidden'): void {
    document.visibilityState = visibility
    document.dispatchEvent(new Event('visibilitychange'))
  }

  function connect(onLine: boolean): void {
    navigator.onLine = onLine
    window.dispatchEvent(new Event(onLine ? 'online' : 'offline'))
  }

  return {
    show: () => become('visible'),
    hide: () => become('hidden'),
    online: () => connect(true),
    offline: () => connect(false),
    freeze: () => void document.dispatchEvent(new Event('freeze')),
    resume: () => void document.dispatchEvent(new Event('resume')),
    pagehide: () => void window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true })),
    pageshow: (persisted) => void window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted })),
  }
}
