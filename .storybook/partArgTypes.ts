import type { ArgTypesEnhancer } from 'storybook/internal/types'

interface DocgenProp {
  readonly description?: string
  readonly tsType?: { readonly name: string; readonly raw?: string }
}

/**
 * Says of a prop what its declaration says: its type as it is written, and its default from `@default`. A control is
 * there only for what a story has given.
 */
export const partArgTypes: ArgTypesEnhancer = ({ argTypes, component, initialArgs }) => {
  const props = propsOf(component)
  const shown = Object.entries(argTypes).filter(([name]) => props[name]?.tsType?.name !== 'never')
  return Object.fromEntries(
    shown.map(([name, argType]) => {
      const prop = props[name]
      if (prop === undefined) return [name, argType]
      const [description, standard] = (prop.description ?? '').split(/\s*@default\s+/)
      const type = (prop.tsType?.raw ?? prop.tsType?.name ?? '').replace(/\s*\|\s*undefined$/, '').replace(/^\((.*)\)$/, '$1')
      const table = { ...argType.table, type: { summary: type }, ...(standard && { defaultValue: { summary: standard } }) }
      return [name, { ...argType, description, table, ...(!(name in initialArgs) && { control: false }) }]
    }),
  )
}

function propsOf(component: { __docgenInfo?: { props?: Record<string, DocgenProp> } } | undefined): Record<string, DocgenProp> {
  // oxlint-disable-next-line no-underscore-dangle -- react-docgen's name
  return component?.__docgenInfo?.props ?? {}
}
