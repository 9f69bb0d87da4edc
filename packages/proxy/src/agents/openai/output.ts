import { type ApprovalRequestPart, type Citation, type MessagePart, type ProgressStep, type ToolPart } from '@rejoin/core'
import { isObject } from '../../isObject.ts'
import { objectsIn, parse, stringIn } from '../json.ts'
import { type ApiObject } from './apiResponse.ts'

/** A part that has a name of its own; all parts of a response have. */
export type NamedPart = MessagePart & { readonly id: string }

/** Where an output item stands: its index in the response, behind the round's prefix where there are several. */
export type Place = string

/** The parts an output item comes to, as far as it has come. */
export function partsOfItem(item: ApiObject, place: Place): NamedPart[] {
  switch (item.type) {
    case 'message':
      return objectsIn(item.content).flatMap((content, at) => contentParts(content, `${place}.${at}`))
    case 'reasoning':
      return [
        ...objectsIn(item.summary).flatMap((summary, at) => growing('reasoning', `${place}.s${at}`, summary.text)),
        ...objectsIn(item.content).flatMap((content, at) => growing('reasoning', `${place}.${at}`, content.text)),
      ]
    case 'function_call':
      return [toolPart(item, place, stringIn(item, 'name') ?? 'function', parsed(item.arguments))]
    case 'custom_tool_call':
      return [toolPart(item, place, stringIn(item, 'name') ?? 'tool', item.input)]
    case 'mcp_call':
      return [toolPart(item, place, stringIn(item, 'name') ?? 'tool', parsed(item.arguments))]
    case 'code_interpreter_call':
      return [toolPart(item, place, 'code_interpreter', typeof item.code === 'string' ? { code: item.code } : undefined)]
    case 'mcp_approval_request':
      return requestParts(item)
    case 'image_generation_call':
      return typeof item.result === 'string' && item.result !== '' ? [imagePart(item, place, item.result)] : []
    default:
      return []
  }
}

/** What an output item means the agent is doing; `null` for what it writes. */
export function stepOfItem(item: ApiObject, place: Place, state: ProgressStep['state']): ProgressStep | null {
  const label = labelOf(item)
  return label === null ? null : { id: place, label, state }
}

/** The parts of a whole output. */
export function partsOf(output: readonly ApiObject[], prefix = ''): NamedPart[] {
  return output.flatMap((item, at) => partsOfItem(item, `${prefix}${at}`))
}

export function stepsOf(output: readonly ApiObject[], prefix = ''): ProgressStep[] {
  return output.flatMap((item, at) => stepOfItem(item, `${prefix}${at}`, isActive(item) ? 'active' : 'done') ?? [])
}

/** The source an annotation of a text names; `null` for kinds that name none. */
export function sourceOf(annotation: unknown, part: Place, at: number): NamedPart | null {
  if (!isObject(annotation)) return null
  const id = `${part}.a${at}`
  const filename = stringIn(annotation, 'filename')
  const fileId = stringIn(annotation, 'file_id')
  switch (annotation.type) {
    case 'url_citation': {
      const url = stringIn(annotation, 'url')
      const title = stringIn(annotation, 'title')
      if (url === null || !/^https?:/i.test(url)) return null
      return { type: 'source-url', id, url, ...(title !== null && { title }), ...citation(annotation, part) }
    }
    case 'file_citation':
    case 'container_file_citation':
    case 'file_path':
      if (filename === null && fileId === null) return null
      return {
        type: 'source-document',
        id,
        filename: filename ?? fileId ?? '',
        ...(fileId !== null && { fileId }),
        ...citation(annotation, part),
      }
    default:
      return null
  }
}

function contentParts(content: ApiObject, place: Place): NamedPart[] {
  if (content.type === 'refusal') return growing('refusal', place, content.refusal)
  if (content.type !== 'output_text') return []
  const annotations = Array.isArray(content.annotations) ? content.annotations : []
  return [
    ...growing('text', place, content.text),
    ...annotations.flatMap((annotation: unknown, at) => sourceOf(annotation, place, at) ?? []),
  ]
}

function growing(type: 'text' | 'reasoning' | 'refusal', id: Place, text: unknown): NamedPart[] {
  return typeof text === 'string' && text !== '' ? [{ type, id, text }] : []
}

function citation({ start_index: start, end_index: end }: ApiObject, part: Place): { cites?: Citation } {
  return typeof start === 'number' && typeof end === 'number' ? { cites: { part, start, end } } : {}
}

function toolPart(item: ApiObject, id: Place, name: string, input: unknown): ToolPart {
  const base = { type: 'tool', id, name } as const
  // Arguments that are still being written are no input yet: nobody may act on half of them.
  if (input === undefined || isActive(item) || item.status === 'incomplete') return { ...base, state: 'input-streaming' }
  if (item.error != null || item.status === 'failed') return { ...base, state: 'output-error', input, errorCode: 'tool_failed' }
  const output = item.output ?? item.outputs
  return output == null ? { ...base, state: 'input-available', input } : { ...base, state: 'output-available', input, output }
}

/** Asked once it is whole: its id is what an answer names. */
function requestParts(item: ApiObject): NamedPart[] {
  const id = stringIn(item, 'id')
  if (id === null || isActive(item)) return []
  const name = stringIn(item, 'name') ?? 'a tool'
  const server = stringIn(item, 'server_label')
  return [approvalRequest(id, name, parsed(item.arguments), server === null ? '' : ` of ${server}`)]
}

/** @param whose behind the tool's name, where that is needed to know it */
export function approvalRequest(id: string, name: string, input: unknown, whose = ''): ApprovalRequestPart {
  const prompt = `May ${name}${whose} be used?`
  return { type: 'request', kind: 'approval', id, prompt, name, ...(input !== undefined && { input }) }
}

function imagePart(item: ApiObject, id: Place, base64: string): NamedPart {
  const mediaType = `image/${stringIn(item, 'output_format') ?? 'png'}`
  return { type: 'file', id, mediaType, url: `data:${mediaType};base64,${base64}` }
}

/** `undefined` for arguments that are not there or not whole. */
function parsed(text: unknown): unknown {
  return typeof text === 'string' ? (parse(text) ?? undefined) : undefined
}

function isActive({ status }: ApiObject): boolean {
  return status === 'in_progress' || status === 'searching' || status === 'interpreting' || status === 'generating' || status === 'calling'
}

function labelOf(item: ApiObject): string | null {
  switch (item.type) {
    case 'web_search_call':
      return 'Searching the web'
    case 'file_search_call':
      return 'Searching files'
    case 'code_interpreter_call':
      return 'Running code'
    case 'image_generation_call':
      return 'Making an image'
    case 'mcp_list_tools':
      return 'Looking at the tools there are'
    case 'computer_call':
      return 'Using a computer'
    case 'local_shell_call':
    case 'shell_call':
      return 'Running a command'
    case 'function_call':
    case 'custom_tool_call':
    case 'mcp_call':
      return `Using ${stringIn(item, 'name') ?? 'a tool'}`
    default:
      return null
  }
}
