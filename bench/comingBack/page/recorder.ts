/** What a page has seen. All times are milliseconds since the epoch, with fractions. */
interface Recorded {
  /** Each time that what is on the page has changed: how long the answer was then. */
  readonly changes: { readonly at: number; readonly length: number }[]
  /** What the browser has told the page, by the name of the event. */
  readonly heard: { readonly at: number; readonly name: string }[]
  /** Whether a frame has shown less of the answer than one before it. */
  takenAway: boolean
}

declare global {
  interface Window {
    recorded: Recorded
  }
}

/** Records what is shown in an element from now on, in `window.recorded`. */
export function record(element: HTMLElement): void {
  const recorded: Recorded = { changes: [], heard: [], takenAway: false }
  window.recorded = recorded
  const now = (): number => performance.timeOrigin + performance.now()
  const lengthNow = (): number => element.querySelector('[data-status]')?.textContent.length ?? 0

  const observer = new MutationObserver(() => recorded.changes.push({ at: now(), length: lengthNow() }))
  observer.observe(element, { subtree: true, childList: true, characterData: true })

  for (const name of ['online', 'offline']) addEventListener(name, () => recorded.heard.push({ at: now(), name }), { capture: true })
  document.addEventListener('visibilitychange', () => recorded.heard.push({ at: now(), name: document.visibilityState }), { capture: true })

  let most = 0
  function frame(): void {
    const length = lengthNow()
    if (length < most) recorded.takenAway = true
    most = Math.max(most, length)
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}
