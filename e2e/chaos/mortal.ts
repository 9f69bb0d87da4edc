/**
 * What outlives a process, as that process has it: from its end on nothing of it can be reached. Rejecting, and not never
 * settling, so that what is left of it here ends too, with its timers.
 */
export function mortal<T extends object>(lasting: T, life: AbortSignal): T {
  return new Proxy(lasting, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        life.throwIfAborted()
        return Reflect.apply(member, target, args)
      }
    },
  })
}
