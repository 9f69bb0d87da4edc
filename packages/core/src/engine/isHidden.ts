/** Whether nobody can see the page; false where there is none. */
export function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden'
}
