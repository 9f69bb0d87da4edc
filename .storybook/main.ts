import type { StorybookConfig } from '@storybook/react-vite'
import { mergeConfig, type InlineConfig, type Rolldown } from 'vite'
import { partProps } from './partProps.ts'

const config: StorybookConfig = {
  framework: '@storybook/react-vite',
  stories: ['../packages/react/src/**/*.stories.tsx'],
  addons: ['@storybook/addon-docs', '@storybook/addon-a11y', '@storybook/addon-vitest'],
  // No story reports actions, and the panels have little room.
  features: { actions: false },
  core: { disableTelemetry: true, disableWhatsNewNotifications: true },
  viteFinal: (given) => {
    const config = mergeConfig(given, own)
    // Before react-docgen, which is there already.
    return { ...config, plugins: [partProps(), ...(config.plugins ?? [])] }
  },
}

const own: InlineConfig = {
  logLevel: 'warn',
  build: {
    // Storybook's own parts are larger than what Vite warns of.
    chunkSizeWarningLimit: 2_000,
    // They have `light-dark()`. What stands in for it in older ones knows nothing of `color-scheme: inherit`.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    rolldownOptions: { onLog },
  },
}

/** `'use client'` is for servers, and there is none here. */
function onLog(level: Rolldown.LogLevel, log: Rolldown.RolldownLog, hand: Rolldown.LogOrStringHandler): void {
  if (log.code !== 'MODULE_LEVEL_DIRECTIVE') hand(level, log)
}

export default config
