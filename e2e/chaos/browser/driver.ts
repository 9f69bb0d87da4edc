/** What the machine needs of a browser's engine. What is left out there can not be done with it. */
export interface Driver {
  /** Starts a browser with a profile of its own. */
  launch(): Promise<Browser>
  /** Ends what the browsers had in common. They are closed by then. */
  close(): Promise<void>
}

/** One browser of one person. */
export interface Browser {
  /** Opens a tab. Resolves when its page has run. */
  open(url: string): Promise<Tab>
  /** Whether its device has a network, as the engine itself has it. */
  setOffline?(offline: boolean): Promise<void>
  /** Kills all its processes at once; what is on the disk stays. */
  kill?(): Promise<void>
  /** After `kill`: starts it again on what is on the disk, without tabs. */
  start?(): Promise<void>
  /** Ends it, whatever state it is in, and deletes its profile. */
  close(): Promise<void>
}

export interface Tab {
  /** What the expression gives in the page: plain data. */
  evaluate(expression: string): Promise<unknown>
  /** Resolves when the page has run again. */
  reload(): Promise<void>
  close(): Promise<void>
  /** Kills the process that renders it. The tab is gone then. */
  kill?(): Promise<void>
}
