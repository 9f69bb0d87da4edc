import type { A11yParameters } from '@storybook/addon-a11y'

/**
 * What scrolls only where room is short, and has no `tabindex`: code and tables that Markdown makes, and the steps
 * of `Chat.Progress`. Chromium and Firefox take what scrolls into the tab order by themselves, which axe does not
 * know; a `tabindex` would put a stop there also where nothing scrolls.
 */
const scrollers = ['pre', 'table', '[data-chat-part="progress"]']

/** Each violation fails the test of its story. An exception stands here, with its reason. */
export const a11y: A11yParameters = {
  test: 'error',
  config: {
    rules: [{ id: 'scrollable-region-focusable', selector: `*${scrollers.map((scroller) => `:not(${scroller})`).join('')}` }],
  },
}
