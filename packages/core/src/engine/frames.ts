import { isHidden } from './isHidden.ts'

/** Tells subscribers at most once per animation frame that something changed. */
export interface Frames {
  /** `notify` runs in the next frame, once however often it was asked for. */
  request(notify: () => void): void
  /** Runs everything asked for now. */
  flush(): void
}

/** While the page is hidden there are no frames; a timer keeps its state from growing stale. */
export const hiddenFrameMs: number = 250
const timerFrameMs = 16

export function createFrames(): Frames {
  const asked = new Set<() => void>()
  let cancel: (() => void) | null = null

  function flush(): void {
    cancel?.()
    cancel = null
    const now = [...asked]
    asked.clear()
    for (const notify of now) notify()
  }

  function schedule(): () => void {
    const hidden = isHidden()
    if (hidden || typeof requestAnimationFrame === 'undefined') {
      const timer = setTimeout(flush, hidden ? hiddenFrameMs : timerFrameMs)
      return () => clearTimeout(timer)
    }
    // Frames stop without notice when a window is covered or the page is hidden after this line.
    const frame = requestAnimationFrame(flush)
    const timer = setTimeout(flush, hiddenFrameMs)
    return () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
  }

  return {
    request(notify) {
      asked.add(notify)
      cancel ??= schedule()
    },
    flush,
  }
}
