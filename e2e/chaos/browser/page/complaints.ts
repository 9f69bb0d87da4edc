import { paths } from './chaosPage.ts'

/** What was wrong with this page. */
export interface Complaints {
  readonly all: readonly string[]
  add(what: string): void
}

/** Also told to the machine at once: a page that is gone can not be asked. */
export function collectComplaints(tab: string): Complaints {
  const all: string[] = []

  function add(what: string): void {
    all.push(what)
    navigator.sendBeacon(`${paths.complain}?tab=${tab}`, what)
  }

  window.addEventListener('error', ({ error, message }) => add(`threw ${describe(error ?? message)}`))
  window.addEventListener('unhandledrejection', ({ reason }) => add(`left unhandled: ${describe(reason)}`))
  const { error } = console
  console.error = (...said) => {
    add(`said on the console: ${said.map(describe).join(' ')}`)
    error(...said)
  }
  return { all, add }
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return `${thrown.name}: ${thrown.message}\n${thrown.stack ?? ''}`
}
