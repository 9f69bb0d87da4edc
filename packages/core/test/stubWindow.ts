import { vi } from 'vitest'

/** A window and a document of which only the events and the visibility are there. */
export interface StubWindow {
  show(): void
  hide(): void
  online(): void
  freeze(): void
  resume(): void
  pagehide(): void
  pageshow(persisted: boolean): void
}

/** Until `vi.unstubAllGlobals()`; what listened before does not hear it. */
export function stubWindow(): StubWindow {
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  vi.stubGlobal('window', window)
  vi.stubGlobal('document', document)

  function become(visibility: 'visible' | 'hidden'): void {
    document.visibilityState = visibility
    document.dispatchEvent(new Event('visibilitychange'))
  }

  return {
    show: () => become('visible'),
    hide: () => become('hidden'),
    online: () => void window.dispatchEvent(new Event('online')),
    freeze: () => void document.dispatchEvent(new Event('freeze')),
    resume: () => void document.dispatchEvent(new Event('resume')),
    pagehide: () => void window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true })),
    pageshow: (persisted) => void window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted })),
  }
}
