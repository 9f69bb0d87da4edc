import { type ChatMessage, type FinishedRun, type RejoinError, type RunView, type SendResult } from '@rejoin/core'
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
} from '../src/index.ts'
import { markdownBlock } from '../src/markdown.tsx'

declare const chat: BackgroundAgent
declare const client: QueryClient

describe('useBackgroundAgent', () => {
  it('gives what useChat gives, and the run', () => {
    expectTypeOf(useBackgroundAgent({ session: 's' })).toEqualTypeOf<BackgroundAgent>()
    expectTypeOf(chat.messages).toEqualTypeOf<readonly ChatMessage[]>()
    expectTypeOf(chat.status).toEqualTypeOf<'submitted' | 'streaming' | 'ready' | 'error'>()
    expectTypeOf(chat.run).toEqualTypeOf<RunView | null>()
    expectTypeOf(chat.error).toEqualTypeOf<RejoinError | null>()
    expectTypeOf(chat.sendMessage).returns.resolves.toEqualTypeOf<SendResult>()
    expectTypeOf(chat.sendMessage).parameter(0).toEqualTypeOf<string | { readonly text: string }>()
  })

  it('narrows the state of a run by its type', () => {
    type State<Type> = Extract<RunView['state'], { type: Type }>
    expectTypeOf<State<'incomplete'>['reason']>().toEqualTypeOf<string>()
    expectTypeOf<State<'completed'>>().not.toHaveProperty('reason')
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
    assertType(<Chat.Stop onClick={(event) => expectTypeOf(event.currentTarget).toEqualTypeOf<EventTarget & HTMLButtonElement>()} />)
    // @ts-expect-error the composer holds the text
    assertType(<Chat.Input value="mine" />)
    // @ts-expect-error a form has no such prop
    assertType(<Chat.Composer maxLength={10} />)
  })

  it('take functions as children where they say so', () => {
    assertType(<Chat.Messages>{(message) => message.id}</Chat.Messages>)
    assertType(<Chat.Status>{(words, { run }) => `${words} ${run?.attempt}`}</Chat.Status>)
  })

  it('take markdownBlock for renderBlock', () => {
    expectTypeOf(markdownBlock).toExtend<RenderBlock>()
  })
})
