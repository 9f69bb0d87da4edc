/** What servers say that are not quite like OpenAI's, written by hand. */
export type ApiObject = Readonly<Record<string, unknown>>

export const isCreate = ({ method, url }: Request): boolean => method === 'POST' && url.endsWith('/responses')
export const isStream = ({ url }: Request): boolean => new URL(url).searchParams.has('stream')

export function responseBody(more: ApiObject = {}): ApiObject {
  return { id: 'resp_1', object: 'response', status: 'in_progress', background: true, store: true, created_at: 1_700_000_000, output: [], ...more }
}

export const message = (text: string): ApiObject => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] })

/** Without a number, an event has none. */
const event = (type: string, sequence: number | undefined, more: ApiObject): ApiObject => ({
  type: `response.${type}`,
  ...(sequence !== undefined && { sequence_number: sequence }),
  ...more,
})

export const created = (of: ApiObject, sequence?: number): ApiObject => event('created', sequence, { response: responseBody(of) })

export const itemAdded = (index: number, sequence?: number): ApiObject =>
  event('output_item.added', sequence, { output_index: index, item: { type: 'message', status: 'in_progress', content: [] } })

export const itemDone = (index: number, item: ApiObject, sequence?: number): ApiObject =>
  event('output_item.done', sequence, { output_index: index, item })

export const textDelta = (delta: string, sequence?: number, index = 0): ApiObject =>
  event('output_text.delta', sequence, { output_index: index, content_index: 0, delta })

export const done = (output: readonly ApiObject[], sequence?: number, of: ApiObject = {}): ApiObject =>
  event('completed', sequence, { response: responseBody({ status: 'completed', output, ...of }) })

/** A stream that ends after these events. */
export function streamed(events: readonly ApiObject[]): Response {
  return answer(events, (controller) => controller.close())
}

/** A stream that stays open after these events. */
export function silent(events: readonly ApiObject[]): Response {
  return answer(events, () => {})
}

/** An answer whose connection breaks after these events. */
export function broken(type = 'text/event-stream', events: readonly ApiObject[] = []): Response {
  return answer(events, (controller) => controller.error(new TypeError('terminated')), type)
}

function answer(
  events: readonly ApiObject[],
  last: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
  type = 'text/event-stream',
): Response {
  const chunks = events.map((said) => new TextEncoder().encode(`data: ${JSON.stringify(said)}\n\n`))
  let at = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[at]
        at += 1
        if (chunk) controller.enqueue(chunk)
        else last(controller)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': type } })
}
