import type { Decorator } from '@storybook/react-vite'
import './frame.css'
import { chatOf } from './chat.ts'

export const schemes = ['system', 'light', 'dark'] as const

/** Gives a story its colour scheme and, where it asks for them, its width and height. */
export const withFrame: Decorator = (Story, { globals, parameters, viewMode }) => {
  const { width, height } = chatOf(parameters)
  const scheme = globals.scheme === 'light' || globals.scheme === 'dark' ? globals.scheme : 'light dark'
  return (
    <div className="frame" data-view={viewMode} style={{ colorScheme: scheme }}>
      <div style={{ maxInlineSize: width ?? '56rem', blockSize: height }}>
        <Story />
      </div>
    </div>
  )
}
