/**
 * Calls back when the layout of a scrolling element changes with no commit of React's: it has another size, or
 * an image in it has one at last. Not when the person opens something in it, which is to stay under their eyes.
 * @returns ends it
 */
export function watchLayout(element: HTMLElement, onChange: () => void): () => void {
  // Not where there is no layout, in some test environments.
  const sizes = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(onChange)
  sizes?.observe(element)
  // It does not bubble.
  element.addEventListener('load', onChange, true)
  return () => {
    sizes?.disconnect()
    element.removeEventListener('load', onChange, true)
  }
}
