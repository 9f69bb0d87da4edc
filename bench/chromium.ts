import { chromium, type Browser } from 'playwright'
import * as browsers from '../scripts/browsers.mjs'

/** The Chromium that the tests use as well. Close it when the measuring is over. */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch(browsers.chromium)
}
