/** Debian's Chromium, for Vitest, Playwright and the launcher alike. */
export const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
