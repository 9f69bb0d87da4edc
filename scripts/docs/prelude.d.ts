// What the code in the docs takes for granted: the reader's own.
import { type Agent, type ChatMessage } from '@rejoin/core'
import { type AgentProxy } from '@rejoin/proxy'
import { type ResponsesEmulator, type Script } from '@rejoin/testkit'
import { type AgentContractSubject } from '@rejoin/testkit/contract'
import { type test as vitestTest } from 'vitest'

declare global {
  /** Who is signed in. */
  const userId: string
  function userOf(request: Request): Promise<string | null>
  function bearer(): Promise<string>

  const agent: Agent
  const handler: AgentProxy
  /** An agent of the reader's own. */
  function answer(messages: readonly ChatMessage[], signal: AbortSignal): AsyncIterable<string>

  /** The reader's database. */
  const orders: { find(user: string | null, number: string): Promise<{ number: string; state: string }> }

  /** The reader's tests. */
  const test: typeof vitestTest
  const script: Script
  const emulator: ResponsesEmulator
  const subject: AgentContractSubject
}
