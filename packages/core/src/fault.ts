/** Throws where no caller could catch it, so that the page's own error reporting finds it. */
export function throwLater(error: unknown): void {
  setTimeout(() => {
    throw error
  })
}
