/** One session with a driver of the W3C's WebDriver protocol, as far as it is needed here. */
export interface WebDriverSession {
  /** A window of its own, by its handle. */
  newWindow(): Promise<string>
  navigate(window: string, url: string): Promise<void>
  refresh(window: string): Promise<void>
  /** What the expression gives: plain data. */
  evaluate(window: string, expression: string): Promise<unknown>
  close(window: string): Promise<void>
  end(): Promise<void>
}

/**
 * @param url of the driver, without a slash at the end
 * @param capabilities what the session must have
 */
export async function openSession(url: string, capabilities: object): Promise<WebDriverSession> {
  const begun = await command('POST', `${url}/session`, { capabilities: { alwaysMatch: capabilities } })
  const base = `${url}/session/${stringIn(begun, 'sessionId')}`
  /** There as long as the session is: windows can only be opened from a window. */
  const first = String(await command('GET', `${base}/window`))
  /** Commands go to the window that was chosen last. */
  let chosen = first
  let turns: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = turns.then(work, work)
    turns = turn
    return turn
  }

  function on(window: string, method: string, path: string, body?: object): Promise<unknown> {
    return inTurn(async () => {
      if (window !== chosen) await command('POST', `${base}/window`, { handle: window })
      chosen = window
      return await command(method, base + path, body)
    })
  }

  return {
    newWindow: async () => stringIn(await on(first, 'POST', '/window/new', { type: 'window' }), 'handle'),
    async navigate(window, address) {
      await on(window, 'POST', '/url', { url: address })
    },
    async refresh(window) {
      await on(window, 'POST', '/refresh', {})
    },
    evaluate: (window, expression) => on(window, 'POST', '/execute/sync', { script: `return ${expression}`, args: [] }),
    async close(window) {
      await on(window, 'DELETE', '/window')
    },
    async end() {
      await inTurn(() => command('DELETE', base))
    },
  }
}

async function command(method: string, url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) })
  const { value }: { value?: unknown } = await response.json()
  if (response.ok) return value
  throw new Error(`WebDriver: ${method} ${new URL(url).pathname}: ${stringIn(value, 'error')}: ${stringIn(value, 'message')}`)
}

function stringIn(value: unknown, key: string): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  if (typeof found !== 'string') throw new Error(`WebDriver: "${key}" is missing in ${JSON.stringify(value)}`)
  return found
}
