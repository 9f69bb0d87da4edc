import { type EventLog } from '@rejoin/proxy'

/** A log as a process has it that dies: from then on nothing of it arrives. */
export function mortal(log: EventLog): { log: EventLog; die(): void } {
  let dead = false
  const never = new Promise<never>(() => {})
  return {
    die() {
      dead = true
    },
    log: {
      create: (...args) => (dead ? never : log.create(...args)),
      hold: (...args) => (dead ? never : log.hold(...args)),
      append: (...args) => (dead ? never : log.append(...args)),
      read: (...args) => log.read(...args),
      peek: (...args) => (dead ? never : log.peek(...args)),
      asked: (...args) => (dead ? never : log.asked(...args)),
    },
  }
}
