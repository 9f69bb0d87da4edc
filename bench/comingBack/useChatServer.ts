import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  generateId,
  streamText,
  toUIMessageStream,
  UI_MESSAGE_STREAM_HEADERS,
  type UIMessage,
} from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { createResumableStreamContext } from 'resumable-stream/generic'
import { type Answer } from './answer.ts'
import { answerTo, type Answers } from './answers.ts'
import { inMemoryPubSub } from './inMemoryPubSub.ts'

interface StoredChat {
  readonly messages: readonly UIMessage[]
  readonly activeStreamId: string | null
}

/**
 * The two endpoints of "Chatbot Resume Streams" in the documentation of the AI SDK, on its own `resumable-stream`. What
 * stands for a model plays the answer; what stands for Redis and for the database of chats is in memory.
 */
export function useChatServer(answers: Answers): (request: Request) => Promise<Response> {
  const streams = createResumableStreamContext({ waitUntil: null, ...inMemoryPubSub() })
  const chats = new Map<string, StoredChat>()
  const readChat = (id: string): StoredChat => chats.get(id) ?? { messages: [], activeStreamId: null }

  async function start(request: Request): Promise<Response> {
    const { id, message }: { id: string; message: UIMessage } = await request.json()
    const messages = [...readChat(id).messages, message]
    chats.set(id, { messages, activeStreamId: null })
    const result = streamText({ model: modelOf(answerTo(answers, textIn(message))), messages: await convertToModelMessages(messages) })
    return createUIMessageStreamResponse({
      stream: toUIMessageStream({
        stream: result.stream,
        originalMessages: messages,
        generateMessageId: generateId,
        onEnd: ({ messages }) => void chats.set(id, { messages, activeStreamId: null }),
      }),
      async consumeSseStream({ stream }) {
        const streamId = generateId()
        await streams.createNewResumableStream(streamId, () => stream)
        chats.set(id, { ...readChat(id), activeStreamId: streamId })
      },
    })
  }

  async function resume(id: string): Promise<Response> {
    const { activeStreamId } = readChat(id)
    if (activeStreamId === null) return new Response(null, { status: 204 })
    return new Response(encoded(await streams.resumeExistingStream(activeStreamId)), { headers: UI_MESSAGE_STREAM_HEADERS })
  }

  return async (request) => {
    const { pathname } = new URL(request.url)
    if (request.method === 'POST' && pathname === '/api/chat') return await start(request)
    const [, id] = /^\/api\/chat\/([^/]+)\/stream$/.exec(pathname) ?? []
    return id === undefined ? new Response(null, { status: 404 }) : await resume(decodeURIComponent(id))
  }
}

function textIn(message: UIMessage): string {
  return message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

function encoded(stream: ReadableStream<string> | null | undefined): ReadableStream<Uint8Array> | null {
  return stream?.pipeThrough(new TextEncoderStream()) ?? null
}

function modelOf(answer: Answer): MockLanguageModelV4 {
  const parts = partsOf(answer)
  return new MockLanguageModelV4({
    doStream: async () => ({
      stream: new ReadableStream({
        async pull(controller) {
          const { done, value } = await parts.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
      }),
    }),
  })
}

async function* partsOf(answer: Answer) {
  yield { type: 'stream-start' as const, warnings: [] }
  yield { type: 'text-start', id: 'text' } as const
  for await (const delta of answer.words()) yield { type: 'text-delta', id: 'text', delta } as const
  yield { type: 'text-end', id: 'text' } as const
  yield { type: 'finish', finishReason: { unified: 'stop', raw: undefined }, usage } as const
}

const usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 0, text: 0, reasoning: undefined },
}
