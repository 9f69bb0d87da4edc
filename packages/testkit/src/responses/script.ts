/** A piece of a script that isn't output: time, faults, and what real servers send besides. */
export type ResponsesInterlude =
  /** Lets time pass, in milliseconds. */
  | { readonly wait: number }
  /** Once, for the first stream that gets here: the connection breaks. */
  | { readonly cut: true }
  /** Once, for the first stream that gets here: it ends cleanly, as if that were all. */
  | { readonly endOfStream: true }
  /** Once, for the first stream that gets here: an `error` event, and the stream ends. Its number is a gap for all others. */
  | { readonly error: ScriptedStreamError }
  /** A `keepalive` event, numbered like any other. */
  | { readonly keepalive: true }
  /** An SSE comment. */
  | { readonly comment: string }
  /** Any event at all, as it is written here, with the next number. */
  | { readonly event: { readonly type: string; readonly [field: string]: unknown } }

export interface ScriptedStreamError {
  readonly code: string
  readonly message: string
  /** `flat`: `{type, code, message}`, `nested`: `{type, error: {…}}`. @default 'flat' */
  readonly shape?: 'flat' | 'nested'
}

/**
 * Text as it comes, a string for each delta. What is `lost` belongs to the text and has no delta: only
 * the `*.done` event that follows knows it.
 */
export type ScriptedText = string | readonly (string | { readonly lost: string } | ResponsesInterlude)[]

export interface ScriptedCitation {
  readonly url: string
  readonly title: string
  /** Where in the text, in UTF-16 units. @default all of it */
  readonly start?: number
  readonly end?: number
}

export interface ScriptedMessage {
  readonly type: 'message'
  /** @default '' where there is no refusal either */
  readonly text?: ScriptedText
  readonly citations?: readonly ScriptedCitation[]
  /** A content part of its own, after the text. */
  readonly refusal?: ScriptedText
  readonly phase?: 'commentary' | 'final_answer'
}

export interface ScriptedReasoning {
  readonly type: 'reasoning'
  /** One for each part of the summary. */
  readonly summary?: readonly ScriptedText[]
  /** The thoughts themselves, as open models give them. */
  readonly text?: ScriptedText
}

export interface ScriptedFunctionCall {
  readonly type: 'functionCall'
  readonly name: string
  /** JSON. */
  readonly arguments: ScriptedText
  /** @default made from the response's id */
  readonly callId?: string
}

export interface ScriptedWebSearch {
  readonly type: 'webSearch'
  readonly query: string
  readonly sources?: readonly string[]
}

export interface ScriptedFileSearch {
  readonly type: 'fileSearch'
  readonly queries: readonly string[]
  readonly results?: readonly { readonly file_id: string; readonly filename: string; readonly score: number; readonly text: string }[]
}

export interface ScriptedCodeInterpreter {
  readonly type: 'codeInterpreter'
  readonly code: ScriptedText
  readonly logs?: string
}

export interface ScriptedImageGeneration {
  readonly type: 'imageGeneration'
  /** Base64. */
  readonly image: string
  readonly partial?: readonly string[]
}

export interface ScriptedMcpListTools {
  readonly type: 'mcpListTools'
  readonly server: string
  /** Names. */
  readonly tools?: readonly string[]
  /** Instead of tools. */
  readonly error?: string
}

export interface ScriptedMcpCall {
  readonly type: 'mcpCall'
  readonly server: string
  readonly name: string
  readonly arguments: ScriptedText
  readonly output?: string
  /** Instead of an output. */
  readonly error?: string
  /** The request that was approved for it. */
  readonly approvalRequestId?: string
}

/** The model waits for `mcp_approval_response`, in a response that goes on from this one. */
export interface ScriptedMcpApproval {
  readonly type: 'mcpApprovalRequest'
  readonly server: string
  readonly name: string
  readonly arguments: string
}

/** An item of any other type, as it is written here; its id is made for it. */
export interface ScriptedOtherItem {
  readonly type: 'other'
  readonly item: { readonly type: string; readonly [field: string]: unknown }
}

/** One item of a response's `output`. */
export type ScriptedItem =
  | ScriptedMessage
  | ScriptedReasoning
  | ScriptedFunctionCall
  | ScriptedWebSearch
  | ScriptedFileSearch
  | ScriptedCodeInterpreter
  | ScriptedImageGeneration
  | ScriptedMcpListTools
  | ScriptedMcpCall
  | ScriptedMcpApproval
  | ScriptedOtherItem

/** How a response ends. */
export type ResponsesOutcome =
  | { readonly status: 'completed' }
  /** An item that stands last in the script is incomplete too. */
  | { readonly status: 'incomplete'; readonly reason: 'max_output_tokens' | 'content_filter' }
  /** An item that stands last in the script is left where it was, with no `*.done`. */
  | { readonly status: 'failed'; readonly code: string; readonly message: string }

/** A response, written beforehand. Plain data. */
export interface ResponsesScript {
  /** A string is a message of one delta. */
  readonly output: readonly (string | ScriptedItem | ResponsesInterlude)[]
  /** @default completed */
  readonly outcome?: ResponsesOutcome
  /** How long it is queued, in milliseconds. @default 0 */
  readonly queuedMs?: number
  /** Whether the events carry a `sequence_number`. @default true */
  readonly numbered?: boolean
}

/** What the API says instead of creating a response. */
export interface ScriptedRefusal {
  /** The HTTP status. */
  readonly status: number
  readonly message: string
  /** @default 'server_error' from 500 on, else 'invalid_request_error' */
  readonly type?: string
  readonly code?: string
  readonly param?: string
  /** In seconds, as a header. */
  readonly retryAfter?: number
}

/** What a request to create a response is answered with. */
export type ResponsesAnswer = ResponsesScript | { readonly refusal: ScriptedRefusal }
