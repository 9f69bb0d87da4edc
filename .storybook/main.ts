import type { StorybookConfig } from '@storybook/react-vite'
import { mergeConfig, type Rolldown } from 'vite'

const config: StorybookConfig = {
  framework: '@storybook/react-vite',
  stories: ['../packages/react/src/**/*.stories.tsx'],
  addons: ['@storybook/addon-docs', '@storybook/addon-a11y', '@storybook/addon-vitest'],
  core: { disableTelemetry: true, disableWhatsNewNotifications: true },
  viteFinal: (config) =>
    mergeConfig(config, {
      logLevel: 'warn',
      build: {
        chunkSizeWarningLimit: 2_000,
        rolldownOptions: {
          // `'use client'` is for servers, and there is none here.
          onLog(level: Rolldown.LogLevel, log: Rolldown.RolldownLog, warn: Rolldown.LogOrStringHandler) {
            if (log.code !== 'MODULE_LEVEL_DIRECTIVE') warn(level, log)
          },
        },
      },
    }),
}

export default config
