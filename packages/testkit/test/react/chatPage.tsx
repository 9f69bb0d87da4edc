import { type Agent, type FinishedRun, type RunStore } from '@rejoin/core'
import { BackgroundAgentProvider, Chat, useBackgroundAgent } from '@rejoin/react'
import { type ScriptStep } from '@rejoin/testkit'
import { act, fireEvent, screen, waitFor, type within } from '@testing-library/react'
import { type ReactNode } from 'react'

export const steps: readonly ScriptStep[] = ['Be', 'cause ', 'it ', 'is ', 'there', '.']
export const text = 'Because it is there.'
/** With the end. */
export const updates: number = steps.length + 1

export interface AppProps {
  agent: Agent
  /** @default the provider's own */
  store?: RunStore
  /** @default 's' */
  session?: string
  onFinish?: (finished: FinishedRun) => void
}

/** An app as somebody would write it. */
export function App({ agent, store, session = 's', onFinish }: AppProps): ReactNode {
  return (
    <BackgroundAgentProvider agent={agent} user={null} backoff={{ baseMs: 1 }} {...(store && { store })}>
      <Conversation session={session} {...(onFinish && { onFinish })} />
    </BackgroundAgentProvider>
  )
}

function Conversation({ session, onFinish }: Required<Pick<AppProps, 'session'>> & Pick<AppProps, 'onFinish'>): ReactNode {
  const chat = useBackgroundAgent({ session, onFinish })
  const answers = chat.messages.filter(({ role }) => role === 'assistant')
  return (
    <Chat.Root chat={chat} aria-label={chat.run?.state.type ?? 'idle'} role="region">
      <p data-testid="questions">{chat.messages.length - answers.length}</p>
      <p data-testid="answer">{answers.flatMap(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : ''))).join('')}</p>
      <Chat.Composer>
        <Chat.Input aria-label="Message" />
      </Chat.Composer>
    </Chat.Root>
  )
}

/** The page, where there is one only; `within(page.container)` where there are more. */
export type Where = ReturnType<typeof within>

/** Asks in the same turn, so that a test says what happens next. */
export function ask(question: string = 'Why?', on: Where = screen): void {
  const input = on.getByLabelText('Message')
  fireEvent.change(input, { target: { value: question } })
  fireEvent.keyDown(input, { key: 'Enter' })
}

/** When what is stored is on the screen, and the page can be asked. */
export async function ready(on: Where = screen): Promise<void> {
  await on.findByRole('region', { name: 'idle' })
}

export function answer(on: Where = screen): string {
  return on.getByTestId('answer').textContent
}

export async function ended(state: string = 'completed', on: Where = screen): Promise<void> {
  await on.findByRole('region', { name: state }, { timeout: 5_000 })
}

export async function shows(part: string, on: Where = screen): Promise<void> {
  await waitFor(() => {
    if (!answer(on).includes(part)) throw new Error(`The page shows ${JSON.stringify(answer(on))}.`)
  })
}

/** Long enough for what a page would do by itself. */
export async function idle(): Promise<void> {
  await act(() => new Promise<void>((resolve) => setTimeout(resolve, 20)))
}
