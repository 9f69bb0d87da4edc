import {
  type Answer,
  type ChatMessage,
  type FinishedRun,
  type OutgoingMessage,
  type RejoinError,
  type RequestPart,
  type RunView,
  type SendOptions,
  type SendResult,
  type SourceUrlPart,
  type ToolPart,
} from '@rejoin/core'
import { useQuery, type QueryClient } from '@tanstack/react-query'
import { assertType, describe, expectTypeOf, it } from 'vitest'
import {
  BackgroundAgentChat,
  BackgroundAgentProvider,
  Chat,
  runQueryOptions,
  useBackgroundAgent,
  type BackgroundAgent,
  type MirroredRun,
  type RenderBlock,
  type Upload,
  type UseBackgroundAgentOptions,
} from '../src/index.ts'
import { markdownBlock } from '../src/markdown.tsx'

declare const chat: BackgroundAgent
declare const client: QueryClient
declare const tool: ToolPart
declare const source: SourceUrlPart

describe('useBackgroundAgent', () => {
  it('gives what useChat gives, and the run', () => {
    expectTypeOf(useBackgroundAgent({ session: 's' })).toEqualTypeOf<BackgroundAgent>()
    expectTypeOf(chat.messages).toEqualTypeOf<readonly ChatMessage[]>()
    expectTypeOf(chat.status).toEqualTypeOf<'submitted' | 'streaming' | 'ready' | 'error'>()
    expectTypeOf(chat.run).toEqualTypeOf<RunView | null>()
    expectTypeOf(chat.error).toEqualTypeOf<RejoinError | null>()
    expectTypeOf(chat.sendMessage).returns.resolves.toEqualTypeOf<SendResult>()
    expectTypeOf(chat.sendMessage).parameter(0).toEqualTypeOf<string | OutgoingMessage>()
    expectTypeOf(chat.sendMessage).parameter(1).toEqualTypeOf<SendOptions | undefined>()
    assertType(chat.sendMessage('Why?', { background: false }))
    assertType(chat.sendMessage({ text: 'Why not?', messageId: 'q', files: [{ url: '/f', mediaType: 'text/csv' }] }))
    // @ts-expect-error a file is an address
    void chat.sendMessage({ text: 'This', files: [new File([], 'a.csv')] })
  })

  it('gives what the agent asks, and takes an answer to it', () => {
    expectTypeOf(chat.requests).toEqualTypeOf<readonly RequestPart[]>()
    expectTypeOf(chat.answer).parameters.toEqualTypeOf<[string, Answer]>()
    expectTypeOf(chat.answer).returns.resolves.toEqualTypeOf<SendResult>()
  })

  it('narrows the state of a run by its type', () => {
    type State<Type> = Extract<RunView['state'], { type: Type }>
    expectTypeOf<State<'incomplete'>['reason']>().toEqualTypeOf<string>()
    expectTypeOf<State<'completed'>>().not.toHaveProperty('reason')
  })

  it('takes a mode, and no other', () => {
    expectTypeOf<UseBackgroundAgentOptions['mode']>().toEqualTypeOf<'stream' | 'poll' | undefined>()
    assertType(<Chat.Root session="s" mode="poll" />)
    assertType(<BackgroundAgentChat session="s" mode="stream" />)
    assertType(<BackgroundAgentProvider agent={{ run: never, runStreaming: never, cancel: never }} user={null} poll={{ intervalMs: 500, capMs: 5_000 }} />)
    // @ts-expect-error there is no such mode
    useBackgroundAgent({ session: 's', mode: 'websocket' })
    // @ts-expect-error a chat that is made has its mode already
    assertType(<Chat.Root chat={chat} mode="poll" />)
  })

  it('infers what its handlers are given', () => {
    useBackgroundAgent({
      session: 's',
      onFinish: (finished) => expectTypeOf(finished).toEqualTypeOf<FinishedRun>(),
      onError: (error) => expectTypeOf(error).toEqualTypeOf<RejoinError>(),
    })
    // @ts-expect-error a session is needed
    useBackgroundAgent({})
  })
})

describe('BackgroundAgentProvider', () => {
  it('wants a user, be it null', () => {
    // @ts-expect-error whose runs these are must be said
    assertType(<BackgroundAgentProvider agent={{ run: never, runStreaming: never, cancel: never }} />)
    assertType(<BackgroundAgentProvider agent={{ run: never, runStreaming: never, cancel: never }} user={null} />)
  })
})

declare const never: () => never

describe('runQueryOptions', () => {
  it('types the data of a query, of a selection and of the cache', () => {
    expectTypeOf(useQuery(runQueryOptions('r')).data).toEqualTypeOf<MirroredRun | null | undefined>()
    const { data } = useQuery({ ...runQueryOptions('r'), select: (mirrored) => mirrored?.run.progress.length })
    expectTypeOf(data).toEqualTypeOf<number | undefined>()
    expectTypeOf(client.getQueryData(runQueryOptions('r').queryKey)).toEqualTypeOf<MirroredRun | null | undefined>()
  })
})

describe('parts', () => {
  it('take a session or a chat, and never both or neither', () => {
    assertType(<Chat.Root session="s" onError={(error) => expectTypeOf(error).toEqualTypeOf<RejoinError>()} />)
    assertType(<Chat.Root chat={chat} />)
    // @ts-expect-error both
    assertType(<Chat.Root chat={chat} session="s" />)
    // @ts-expect-error neither
    assertType(<Chat.Root />)
    // @ts-expect-error neither
    assertType(<BackgroundAgentChat />)
  })

  it('know their elements', () => {
    assertType(<Chat.Input ref={(element: HTMLTextAreaElement | null) => void element} maxLength={10} />)
    assertType(<Chat.Reconnect onClick={(event) => expectTypeOf(event.currentTarget).toEqualTypeOf<EventTarget & HTMLButtonElement>()} />)
    assertType(<Chat.Stop onClick={(event) => expectTypeOf(event.currentTarget).toEqualTypeOf<EventTarget & HTMLButtonElement>()} />)
    // @ts-expect-error the composer holds the text
    assertType(<Chat.Input value="mine" />)
    // @ts-expect-error a form has no such prop
    assertType(<Chat.Composer maxLength={10} />)
  })

  it('take an upload and limits for files', () => {
    assertType(<Chat.Root chat={chat} upload={async (file, { signal }) => ({ url: `/${file.name}/${signal.aborted}` })} />)
    assertType(<Chat.Composer fileLimits={{ accept: 'image/*', maxFiles: 2, maxBytes: 1_000 }} />)
    assertType(<Chat.Attach accept=".pdf" multiple={false} onClick={(event) => event.preventDefault()} />)
    expectTypeOf<Upload>().parameter(0).toEqualTypeOf<File>()
    // @ts-expect-error the bytes of a file are no address
    assertType<Upload>(async (file) => file)
  })

  it('take the part that they show, and no other', () => {
    assertType(<Chat.Tool part={tool} ref={(element: HTMLDivElement | null) => void element} />)
    assertType(<Chat.Reasoning part={{ type: 'reasoning', text: 'Hm' }} open name="thoughts" />)
    assertType(<Chat.Sources sources={[source]} reversed />)
    assertType(<Chat.Source part={source} />)
    // @ts-expect-error a source is no tool
    assertType(<Chat.Tool part={source} />)
    // @ts-expect-error a part is needed
    assertType(<Chat.File />)
  })

  it('narrow by their type in an app that renders them itself', () => {
    type Piece<Type> = Extract<ChatMessage['parts'][number], { type: Type }>
    expectTypeOf<Piece<'data'>['data']>().toEqualTypeOf<unknown>()
    expectTypeOf<Piece<'tool'>>().toEqualTypeOf<ToolPart>()
  })

  it('take functions as children where they say so', () => {
    assertType(<Chat.Messages>{(message) => message.id}</Chat.Messages>)
    assertType(<Chat.Status>{(words, { run }) => `${words} ${run?.attempt}`}</Chat.Status>)
  })

  it('take markdownBlock for renderBlock', () => {
    expectTypeOf(markdownBlock).toExtend<RenderBlock>()
  })
})
