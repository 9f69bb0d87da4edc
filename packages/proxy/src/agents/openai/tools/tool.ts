import { type Schema } from '../schema.ts'

/** What a call of a tool is told besides its input. */
export interface ToolContext {
  /** Of this call: the same when it is made again. A key for what must happen once. */
  readonly callId: string
  readonly session: string
  readonly runId: string
  /** Whose run it is; `null` on a public page. */
  readonly user: string | null
  /** Aborts when the run is cancelled, and for nothing else. */
  readonly signal: AbortSignal
}

/** A method, so that tools of any inputs are tools, as with `execute`. */
interface ApprovalRule<Input> {
  needed(input: Input, context: ToolContext): boolean | Promise<boolean>
}

/** A function of the app's own that the model may call, on this server. */
export interface Tool<Input = unknown> {
  /** When to use it, for the model. */
  description: string
  /**
   * A Standard Schema that can say itself as JSON Schema (Zod 4.2, …), which inputs are checked with, or JSON Schema
   * as it is, which they are not.
   */
  inputSchema: Schema<Input>
  /** Gives what the model is to know, as plain JSON. What it throws the model does not hear, only that it failed. */
  execute(input: Input, context: ToolContext): unknown
  /**
   * Whether it may be run again when the process that ran it has died before its result was known. Without
   * this such a call is reported as failed, and not made again.
   * @default false
   */
  idempotent?: boolean | undefined
  /**
   * Whether the person is asked before a call is made. A function is asked with each input that fits the schema; what
   * it throws counts as yes. The calls of a response wait together: none is made before the person has answered.
   * @default false
   */
  needsApproval?: boolean | ApprovalRule<Input>['needed'] | undefined
  /** Whether the provider holds the model to the schema; it then takes fewer kinds of them. @default false */
  strict?: boolean | undefined
}

/** Tools by name; each is called with what its own schema makes. */
export type Tools<Inputs extends AnyInputs = AnyInputs> = { readonly [Name in keyof Inputs]: Tool<Inputs[Name]> }

/** Of tools that nothing more is known of. */
export type AnyInputs = Readonly<Record<string, unknown>>
