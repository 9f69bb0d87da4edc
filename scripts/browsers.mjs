// Debian's browsers, for Vitest, Playwright and the launcher alike. What has an executablePath is launch options of Playwright.

export const chromium = {
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
}

/** By WebDriver BiDi: Playwright's own protocol needs a Firefox that it has patched. What it asks of that, 140 does not know yet. */
export const firefox = {
  channel: 'moz-firefox',
  executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
}

/** WebKitGTK, by WebDriver. It needs a screen. */
export const webkit = {
  driverPath: '/usr/bin/WebKitWebDriver',
  screenPath: '/usr/bin/Xvfb',
}

/** What each needs to be there, and Debian's names for it. */
export const installed = {
  chromium: { paths: [chromium.executablePath], packages: ['chromium'], variable: 'CHROMIUM_PATH' },
  firefox: { paths: [firefox.executablePath], packages: ['firefox-esr'], variable: 'FIREFOX_PATH', version: 153 },
  webkit: { paths: [webkit.driverPath, webkit.screenPath], packages: ['webkit2gtk-driver', 'xvfb'] },
}
