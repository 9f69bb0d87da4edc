import { basename } from 'node:path'
import type { Plugin } from 'vite'

/** Where what a part takes is declared in another file, or is more than its own. */
const elsewhere: Readonly<Record<string, { readonly props: string; readonly types: string }>> = {
  Root: {
    props: 'UseBackgroundAgentOptions & RootOwnProps & ChatProp',
    types:
      'interface ChatProp {\n  /** A chat that the app has made itself with `useBackgroundAgent`, in place of all else. */\n  chat?: BackgroundAgent\n}',
  },
  BackgroundAgentChat: {
    props: 'UseBackgroundAgentOptions & BackgroundAgentChatOwnProps',
    types: "import { type UseBackgroundAgentOptions } from './useBackgroundAgent.ts'",
  },
}

/** Takes the native props of its element, and none of its own. */
const nothingOwn = /export const \w+: Part<\w+, PartProps<'\w+'(?:, \{ children\?: never \})?>> = /

const declared = /export const (\w+): Part<\w+, (?:PartProps<'\w+', (\w+)>|\w+)> = part\(\s*'[\w.]+',\s*\((\{[^}]*\}|\w+), ref\)/

/**
 * Writes the type of a part's own props where react-docgen looks for it: it reads the parameters of a function, and
 * those of a part get theirs from `part`. The native props of its element are not listed. What runs is the same.
 * A part whose own props it does not find fails the build: its table would be empty.
 */
export function partProps(): Plugin {
  return {
    name: 'part-props',
    enforce: 'pre',
    transform(code, id) {
      if (!/packages\/react\/src\/(parts\/\w+|BackgroundAgentChat)\.tsx$/.test(id)) return undefined
      if (!/export const \w+: Part</.test(code) || nothingOwn.test(code)) return undefined
      const [whole, name = '', own, parameter = ''] = declared.exec(code) ?? []
      const other = elsewhere[name]
      const props = other?.props ?? own
      if (whole === undefined || props === undefined) {
        throw new Error(`.storybook/partProps.ts finds no props of the part in ${basename(id)}, so its table would be empty. Make its patterns fit.`)
      }
      const typed = whole.replace(`(${parameter}, ref)`, () => `(${parameter}: ${props}, ref)`)
      return { code: `${code.replace(whole, () => typed)}\n${other?.types ?? ''}`, map: null }
    },
  }
}
