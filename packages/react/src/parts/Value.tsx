'use client'

import { useMemo, type ReactNode } from 'react'
import { type PartProps } from './part.ts'
import { shortJson } from './shortJson.ts'

/** A value of a tool, behind a summary. */
export function Value({ label, value, ...rest }: PartProps<'details', { label: string; value: unknown; children?: never }>): ReactNode {
  const json = useMemo(() => shortJson(value), [value])
  return (
    <details {...rest}>
      <summary>{label}</summary>
      <code>{json}</code>
    </details>
  )
}
