'use client'

import {
  restoringSnapshot,
  type ChatMessage,
  type FinishedRun,
  type RejoinError,
  type SendResult,
  type SessionSnapshot,
} from '@rejoin/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { useEngine } from './engineContext.ts'
import { createMergeMessages } from './mergeMessages.ts'
import { restoring, sending, stopping } from './requests.ts'
import { useErrorHandler, useFinishHandler } from './handlers.ts'

export interface UseBackgroundAgentOptions {
  /** Names the conversation; its messages and runs are found again under it. */
  session: string
  /** What was said before, from the app's own database. Messages the session has itself are not shown twice. */
  initialMessages?: readonly ChatMessage[] | undefined
  /** A run has ended, in whichever way. At most once for each run in this browser, also after a reload. */
  onFinish?: ((finished: FinishedRun) => void) | undefined
  /** Something was refused or has failed. */
  onError?: ((error: RejoinError) => void) | undefined
}

/** A chat: what to show and what can be done. A new object for each change; the functions stay the same. */
export interface BackgroundAgent extends SessionSnapshot {
  /** The session. */
  readonly id: string
  /** Never rejects: what was refused is said in the result and in `error`. */
  sendMessage(message: string | { readonly text: string }): Promise<SendResult>
  /** Ends the run for good. Resolves when the server has acknowledged it. */
  stop(): Promise<void>
  /** Asks the last message again; the new answer takes the place of the earlier one. */
  regenerate(): Promise<SendResult>
  /** Tries the connection now: after signing in, or when the person will not wait. */
  reconnect(): void
  clearError(): void
}

const nothing: readonly ChatMessage[] = []
const onServer = (): SessionSnapshot => restoringSnapshot

/**
 * One conversation with the provider's agent. Unmounting stops nothing: the run goes on, and whoever uses
 * the same session later sees it.
 * @throws RejoinError `missing_provider`
 */
export function useBackgroundAgent(options: UseBackgroundAgentOptions): BackgroundAgent {
  const { session: id, initialMessages = nothing, onFinish, onError } = options
  const { engine, queryClient, mirror } = useEngine()
  const session = engine.session(id)
  const snapshot = useSyncExternalStore(session.subscribe, session.getSnapshot, onServer)

  const [merge] = useState(createMergeMessages)
  const messages = merge(initialMessages, snapshot.messages)

  useQuery(restoring(engine.user, session), queryClient)
  const { mutateAsync: send } = useMutation(sending, queryClient)
  const { mutateAsync: end } = useMutation(stopping, queryClient)
  const sendMessage = useCallback(
    (message: string | { readonly text: string }) =>
      send(() => session.send(typeof message === 'string' ? message : message.text)),
    [send, session],
  )
  const regenerate = useCallback(() => send(() => session.regenerate()), [send, session])
  const stop = useCallback(() => end(() => session.stop()), [end, session])

  useFinishHandler(session, onFinish)
  useErrorHandler(snapshot.error, onError)
  useEffect(() => mirror.watch(id), [mirror, id])

  return useMemo(() => {
    const { reconnect, clearError } = session
    return { ...snapshot, id: session.id, messages, sendMessage, stop, regenerate, reconnect, clearError }
  }, [snapshot, session, messages, sendMessage, stop, regenerate])
}
