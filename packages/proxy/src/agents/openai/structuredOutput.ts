import { type DataPart, type RunOutcome } from '@rejoin/core'
import { type NamedPart } from './output.ts'
import { parse } from '../json.ts'
import { jsonSchemaOf, validate, type Schema } from './schema.ts'

/** An answer in a form, beside its text. */
export interface OutputOptions<T = unknown> {
  /** Of the data part, and for the provider. @default 'output' */
  name?: string | undefined
  schema: Schema<T>
}

/** What the create request says of it. */
export function formatOf({ name = 'output', schema }: OutputOptions): object {
  return { format: { type: 'json_schema', name, strict: true, schema: jsonSchemaOf(schema, 'output') } }
}

/**
 * The data part of a whole answer, from the provider's last word alone: what was received piece by piece may
 * have lost a piece. A text that is not in the form, or that its schema can not check, makes the answer incomplete.
 */
export async function withOutput(
  { name = 'output', schema }: OutputOptions,
  end: { readonly outcome: RunOutcome; readonly parts: readonly NamedPart[] | null },
): Promise<{ outcome: RunOutcome; part: DataPart | null }> {
  const { outcome, parts } = end
  if (outcome.type !== 'completed' || parts === null) return { outcome, part: null }
  if (parts.some(({ type }) => type === 'refusal')) return { outcome, part: null }
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  // Thrown on, it would come again with each poll, and the run would never end.
  const result = await validate(schema, parse(text)).catch(() => ({ ok: false }) as const)
  if (!result.ok) return { outcome: { type: 'incomplete', reason: 'invalid_output' }, part: null }
  return { outcome, part: { type: 'data', id: name, name, data: result.value } }
}
