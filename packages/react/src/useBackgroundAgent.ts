'use client'

import { type ChatMessage, type FinishedRun, type RejoinError, type RunMode } from '@rejoin/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { createChatSource, type BackgroundAgent } from './chatSource.ts'
import { useEngine } from './engineContext.ts'
import { useErrorHandler, useFinishHandler } from './handlers.ts'
import { restoring, sending, stopping } from './requests.ts'
import { useCommitEffect } from './useCommitEffect.ts'
import { useStableList } from './useStableList.ts'

/** Which conversation, and how it is followed. */
export interface UseBackgroundAgentOptions {
  /** Names the conversation; its messages and runs are found again under it. */
  session: string
  /** What was said before, from the app's own database. Messages the session has itself are not shown twice. */
  initialMessages?: readonly ChatMessage[] | undefined
  /**
   * `stream` shows the answer as it is written; `poll` asks how far it is, and shows the answer at its end.
   * Polls are scheduled by the engine (`poll` of the provider), where one tab asks for all, and not by a
   * `refetchInterval` of TanStack Query, which each tab would keep and an app's cache could clear away.
   * @default 'stream'
   */
  mode?: RunMode | undefined
  /** A run has ended, in whichever way. At most once for each run in this browser, also after a reload. */
  onFinish?: ((finished: FinishedRun) => void) | undefined
  /** Something was refused or has failed. */
  onError?: ((error: RejoinError) => void) | undefined
}

const nothing: readonly ChatMessage[] = []

/**
 * One conversation with the provider's agent. Unmounting stops nothing: the run goes on, and whoever uses
 * the same session later sees it.
 * @throws RejoinError `missing_provider`
 */
export function useBackgroundAgent(options: UseBackgroundAgentOptions): BackgroundAgent {
  const { session: id, initialMessages = nothing, mode = 'stream', onFinish, onError } = options
  const { engine, queryClient, mirror } = useEngine()
  const session = engine.session(id)
  const history = useStableList(initialMessages)

  // Before the effects that begin to read, those of the components below included.
  useCommitEffect(() => session.setMode(mode), [session, mode])
  useQuery(restoring(engine.user, session), queryClient)
  const { mutateAsync: send } = useMutation(sending, queryClient)
  const { mutateAsync: end } = useMutation(stopping, queryClient)
  const source = useMemo(() => {
    return createChatSource(session, history, {
      sendMessage: (message, sendOptions) => send(() => session.send(message, sendOptions)),
      answer: (requestId, answer) => send(() => session.answer(requestId, answer)),
      regenerate: () => send(() => session.regenerate()),
      stop: () => end(() => session.stop()),
    })
  }, [session, history, send, end])
  const chat = useSyncExternalStore(source.subscribe, source.getChat, source.getServerChat)

  useFinishHandler(session, onFinish)
  useErrorHandler(chat.error, onError)
  useEffect(() => mirror.watch(id), [mirror, id])
  useEffect(() => session.show(), [session])
  return chat
}
