import { newId } from './id.ts'

/**
 * A piece of a message: plain JSON data. More kinds may join this union; render the ones you know.
 *
 * `id` names the part within its message, where its agent gives it one.
 */
export type MessagePart =
  | TextPart
  | ReasoningPart
  | RefusalPart
  | ToolPart
  | SourceUrlPart
  | SourceDocumentPart
  | FilePart
  | DataPart
  | RequestPart
  | AnswerPart

/** A piece of the answer, or of what the person wrote. */
export interface TextPart {
  readonly type: 'text'
  readonly id?: string
  readonly text: string
}

/** What the agent thought on its way, or its own summary of that. */
export interface ReasoningPart {
  readonly type: 'reasoning'
  readonly id?: string
  readonly text: string
}

/** Why the agent will not do what it was asked. */
export interface RefusalPart {
  readonly type: 'refusal'
  readonly id?: string
  readonly text: string
}

/** The use of a tool, wherever it runs. A tool is only ever called with a whole `input`. */
export interface ToolPart {
  readonly type: 'tool'
  readonly id: string
  readonly name: string
  readonly state: ToolState
  readonly input?: unknown
  readonly output?: unknown
  /** With `output-error`: a stable name for what went wrong, never the tool's own words. */
  readonly errorCode?: string
}

/** Named as in the AI SDK. */
export type ToolState = 'input-streaming' | 'input-available' | 'output-available' | 'output-error'

/** What of a text part a source stands behind, as offsets into its text. */
export interface Citation {
  /** The text part's id. */
  readonly part: string
  readonly start: number
  readonly end: number
}

/** A page that the answer stands on. Its address begins with `http:` or `https:`. */
export interface SourceUrlPart {
  readonly type: 'source-url'
  readonly id: string
  readonly url: string
  readonly title?: string
  readonly cites?: Citation
}

/** A document that the answer stands on. */
export interface SourceDocumentPart {
  readonly type: 'source-document'
  readonly id: string
  readonly filename: string
  /** The agent's own name for the file. */
  readonly fileId?: string
  readonly cites?: Citation
}

/** A file that the agent has made, or that the person has sent with a message. */
export interface FilePart {
  readonly type: 'file'
  readonly id: string
  readonly mediaType: string
  /** An address or a `data:` URL. */
  readonly url: string
  readonly filename?: string
}

/** A value for the app: structured output, say. */
export interface DataPart {
  readonly type: 'data'
  readonly id: string
  readonly name: string
  readonly data: unknown
}

/**
 * What the agent asks the person before it goes on, in a run that is `paused`. Its id is the agent's own name for it,
 * which an answer brings back.
 */
export type RequestPart = InputRequestPart | ApprovalRequestPart | AuthRequestPart

/** It needs words. */
export interface InputRequestPart {
  readonly type: 'request'
  readonly kind: 'input'
  readonly id: string
  readonly prompt: string
  /** Answers it proposes; others are as good. */
  readonly options?: readonly string[]
}

/** It needs a yes or no, for a tool that it is about to use, say. */
export interface ApprovalRequestPart {
  readonly type: 'request'
  readonly kind: 'approval'
  readonly id: string
  readonly prompt: string
  /** The tool's name, and what it is to be called with. */
  readonly name?: string
  readonly input?: unknown
}

/** It needs the person to sign in elsewhere. */
export interface AuthRequestPart {
  readonly type: 'request'
  readonly kind: 'auth'
  readonly id: string
  readonly prompt: string
  /** Where; begins with `http:` or `https:`. */
  readonly url?: string
}

/** The person's answer to what the agent has asked; part of the message that starts the run which goes on. */
export type AnswerPart = InputAnswerPart | DecisionPart

/** Words for an `input` request. */
export interface InputAnswerPart {
  readonly type: 'answer'
  readonly kind: 'input'
  readonly id?: string
  /** The request's id. */
  readonly request: string
  readonly text: string
}

/** Yes or no to an `approval` request; to an `auth` request: signed in, or not going to. */
export interface DecisionPart {
  readonly type: 'answer'
  readonly kind: 'approval' | 'auth'
  readonly id?: string
  /** The request's id. */
  readonly request: string
  readonly approved: boolean
  /** What the person has to say to it. */
  readonly text?: string
}

/** A part that grows piece by piece. */
export type GrowingPart = TextPart | ReasoningPart | RefusalPart

/** What one of the two has said. */
export interface ChatMessage {
  /** Made by whoever wrote the message; an answer's id is the id of its run. */
  readonly id: string
  readonly role: 'user' | 'assistant'
  readonly parts: readonly MessagePart[]
}

/**
 * A message of the person, of one text.
 * @param id a random one where it is not given
 */
export function userMessage(text: string, id: string = newId()): ChatMessage {
  return { id, role: 'user', parts: [{ type: 'text', text }] }
}

/**
 * All words of a message, in order: its texts, what it asks and what it answers. Reasoning, refusals and the like are
 * not part of it.
 */
export function textOf(message: Pick<ChatMessage, 'parts'>): string {
  return message.parts.map(wordsOf).join('')
}

function wordsOf(part: MessagePart): string {
  if (part.type === 'text') return part.text
  if (part.type === 'answer') return part.text ?? ''
  return part.type === 'request' ? part.prompt : ''
}

/** Whether there is anything to a message of the person: words, a file, or an answer to what was asked. */
export function saysSomething(message: Pick<ChatMessage, 'parts'>): boolean {
  return message.parts.some((part) => isDecision(part) || part.type === 'file') || textOf(message).trim() !== ''
}

function isDecision(part: MessagePart): part is DecisionPart {
  return part.type === 'answer' && part.kind !== 'input'
}

/** What a message answers, by the requests' ids. */
export function answersIn(message: Pick<ChatMessage, 'parts'>): readonly AnswerPart[] {
  return message.parts.filter((part) => part.type === 'answer')
}

/** What a message asks the person. */
export function requestsIn(message: Pick<ChatMessage, 'parts'>): readonly RequestPart[] {
  return message.parts.filter((part) => part.type === 'request')
}

/** Whether a part grows piece by piece. */
export function isGrowing(part: MessagePart): part is GrowingPart {
  return part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal'
}

/** How much there is, for telling which of two states knows more: characters, and one for each other part. */
export function lengthOf(parts: readonly MessagePart[]): number {
  return parts.reduce((length, part) => length + (isGrowing(part) ? part.text.length : 1), 0)
}
