import { type StandardJSONSchemaV1, type StandardSchemaV1 } from '@standard-schema/spec'
import { isObject } from '../../isObject.ts'
import { type ApiObject } from './apiResponse.ts'

/** Any Standard Schema that can say itself as JSON Schema (Zod 4.2, ArkType 2.1.28, Valibot's `toStandardJsonSchema`, …). */
export type StandardSchema<T> = StandardSchemaV1<unknown, T> & StandardJSONSchemaV1<unknown, T>

/** A Standard Schema, or JSON Schema as it is, which the provider then is trusted to keep to. */
export type Schema<T = unknown> = StandardSchema<T> | JsonSchema

/** A JSON Schema, as a plain object. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
  readonly '~standard'?: never
}

export type Validated<T> = { readonly ok: true; readonly value: T } | { readonly ok: false }

/** @throws TypeError where a Standard Schema can not say itself as JSON Schema */
export function jsonSchemaOf(schema: Schema, side: 'input' | 'output'): ApiObject {
  if (!isStandard(schema)) return schema
  const converter: unknown = schema['~standard'].jsonSchema
  if (!isObject(converter)) {
    throw new TypeError(
      'A schema can not say itself as JSON Schema, so the model can not be told of it. Use a version of its library that implements Standard JSON Schema (Zod 4.2 or later, for one), or give JSON Schema.',
    )
  }
  return schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' })
}

export async function validate<T>(schema: Schema<T>, value: unknown): Promise<Validated<unknown>> {
  if (value === null || value === undefined) return { ok: false }
  if (!isStandard(schema)) return { ok: true, value }
  const result = await schema['~standard'].validate(value)
  return result.issues ? { ok: false } : { ok: true, value: result.value }
}

function isStandard<T>(schema: Schema<T>): schema is StandardSchema<T> {
  return schema['~standard'] !== undefined
}
