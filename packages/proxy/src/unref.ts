import { isObject } from './isObject.ts'

/** A timer that keeps no process alive, where the runtime has such. */
export function unref(timer: unknown): void {
  if (isObject(timer) && typeof timer.unref === 'function') timer.unref()
}
