/** Where plans are played: the engine in Node on a fake clock, or a whole page in a real browser. */
export const engines = ['node', 'chromium', 'firefox', 'webkit'] as const

export type EngineName = (typeof engines)[number]

/**
 * How an engine comes to a fault. `real`: it happens. `acted`: what the page would see of it is done by hand, since the
 * engine can not be made to. `no`: it can not be tried there.
 */
export type How = 'real' | 'acted' | 'no'

interface Kind {
  /** In the words of docs/reliability.md. */
  readonly what: string
  readonly how: Readonly<Record<EngineName, How>>
}

const everywhere = { node: 'real', chromium: 'real', firefox: 'real', webkit: 'real' } as const

/** What happens to the page, the browser, the device and the server. What happens to single requests is in the fault kit. */
export const kinds = {
  reload: { what: 'The page is reloaded', how: { ...everywhere, node: 'acted' } },
  open: { what: 'One more tab is opened', how: { ...everywhere, node: 'acted' } },
  close: { what: 'A tab is closed', how: { ...everywhere, node: 'acted' } },
  reopen: { what: 'The last tab is closed, and opened again later', how: { ...everywhere, node: 'acted' } },
  kill_renderer: { what: 'The process of a tab is killed', how: { node: 'acted', chromium: 'real', firefox: 'real', webkit: 'no' } },
  kill_browser: { what: 'The browser is killed, and started again', how: { node: 'acted', chromium: 'real', firefox: 'real', webkit: 'no' } },
  freeze: { what: 'A hidden tab is frozen for a while', how: { node: 'acted', chromium: 'acted', firefox: 'acted', webkit: 'acted' } },
  offline: { what: 'The device is offline for a while', how: { node: 'acted', chromium: 'real', firefox: 'real', webkit: 'acted' } },
  refuse: { what: 'The network is down for a while, and nobody says so', how: everywhere },
  clock: { what: 'The clock is set forward or back', how: { node: 'acted', chromium: 'acted', firefox: 'acted', webkit: 'acted' } },
  quota: { what: 'The disk is full', how: { node: 'acted', chromium: 'acted', firefox: 'acted', webkit: 'acted' } },
  denied: { what: 'Storage is denied', how: { node: 'acted', chromium: 'acted', firefox: 'acted', webkit: 'acted' } },
  delete_database: { what: 'The database is deleted in mid-run', how: { ...everywhere, node: 'acted' } },
  restart: { what: 'The server is restarted', how: { node: 'acted', chromium: 'acted', firefox: 'acted', webkit: 'acted' } },
  expire_window: { what: "The provider's time for streaming is over", how: everywhere },
  retry: { what: 'The person will not wait for the next try', how: everywhere },
  stop: { what: 'The person stops it', how: everywhere },
} as const satisfies Record<string, Kind>

export type KindName = keyof typeof kinds
