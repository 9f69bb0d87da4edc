/** Lets timers that are due run; where a test has faked them, no time passes. */
export async function turn(): Promise<void> {
  const clock: unknown = Reflect.get(setTimeout, 'clock')
  if (isClock(clock)) await clock.tickAsync(0)
  else await new Promise((resolve) => setTimeout(resolve))
}

/** What Jest and Vitest fake timers with hangs its clock on what it fakes. */
interface Clock {
  tickAsync(ms: number): Promise<unknown>
}

function isClock(value: unknown): value is Clock {
  return typeof value === 'object' && value !== null && 'tickAsync' in value && typeof value.tickAsync === 'function'
}
