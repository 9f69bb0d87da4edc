/** A JSON object of the API. */
export type ApiObject = { readonly [field: string]: unknown }

/** What one `data:` line of a stream says, without its number. */
export interface ApiEvent {
  readonly type: string
  readonly [field: string]: unknown
}
