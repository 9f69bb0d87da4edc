import { type FaultKind } from '@rejoin/testkit'
import { engines, kinds, type EngineName, type How } from './kinds.ts'

/** What goes wrong with single requests, in the words of docs/reliability.md. It happens on the server's side of real sockets; in Node there are none. */
const requests: Readonly<Record<FaultKind, string>> = {
  split: 'An answer comes in pieces of any size, down to single bytes',
  cut: 'A connection is reset after any byte',
  end: 'A stream ends cleanly after any byte, as if that were all',
  stall: 'A connection stands still for good after any byte, before the headers too: half-open',
  slow: 'An answer, or each piece of it, is late',
  refuse: 'A request is refused',
  lose: 'A request arrives, its answer does not',
  unauthorized: '401 in place of an answer: the app has to sign in again',
  error: '429, 500, 502, 503, 504 in place of an answer, with and without `Retry-After`, the request seen by the server or not',
  html: 'A page of a captive portal in place of an answer',
  duplicate: 'A request is sent twice at once',
  repeat: 'Each event comes twice',
  replay: '`Last-Event-ID` is lost, so that all comes again',
}

const real: Readonly<Record<EngineName, How>> = { node: 'acted', chromium: 'real', firefox: 'real', webkit: 'real' }

/** The table of docs/reliability.md: each fault, and how each engine comes to it. */
export function matrix(): string {
  const rows = [...Object.values(requests).map((what) => ({ what, how: real })), ...Object.values(kinds)]
  return [`| what happens | ${engines.join(' | ')} |`, `|---|${engines.map(() => '---|').join('')}`, ...rows.map(({ what, how }) => `| ${what} | ${engines.map((engine) => how[engine]).join(' | ')} |`)].join('\n')
}
