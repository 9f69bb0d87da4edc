import type { Preview } from '@storybook/react-vite'
import { configure } from 'storybook/test'
import { themes } from 'storybook/theming'
import '@rejoin/react/theme.css'
import { a11y } from './a11y.ts'
import { partArgTypes } from './partArgTypes.ts'
import { loadChat, withChat } from './withChat.tsx'
import { schemes, withFrame } from './withFrame.tsx'

// What a test waits for comes by itself; this is only how long a busy machine may take for it.
configure({ asyncUtilTimeout: 5_000 })

const preview: Preview = {
  tags: ['autodocs'],
  argTypesEnhancers: [partArgTypes],
  loaders: [loadChat],
  decorators: [withChat, withFrame],
  globalTypes: {
    scheme: {
      description: 'Light or dark',
      toolbar: { title: 'Scheme', icon: 'mirror', items: [...schemes], dynamicTitle: true },
    },
  },
  initialGlobals: { scheme: 'system' },
  parameters: {
    layout: 'fullscreen',
    a11y,
    controls: { expanded: true },
    docs: { theme: themes.normal },
    options: { storySort: { order: ['BackgroundAgentChat', 'Parts', ['Root', 'Messages', 'Message']] } },
  },
}

export default preview
