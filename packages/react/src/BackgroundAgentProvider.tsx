'use client'

import { createEngine, type Agent, type EngineOptions } from '@rejoin/core'
import { QueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState, type ReactNode } from 'react'
import { EngineContext } from './engineContext.ts'
import { FindRuns } from './FindRuns.tsx'
import { createRunMirror } from './runMirror.ts'
import { UploadContext, type Upload } from './upload.ts'

/** Engine options other than `agent` are read when the engine is made: once for each user. */
export interface BackgroundAgentProviderProps extends EngineOptions {
  /** What answers. May be a new object on every render; what is running goes on with the latest. */
  agent: Agent
  /** Whose runs these are; `null` on a public page. Another user gets another engine, which knows nothing of the first one's. */
  user: string | null
  /** The app's own QueryClient, to see requests and runs (`runQueryOptions`) there. @default a private one */
  queryClient?: QueryClient | undefined
  /** Brings files of the person to where the agent can read them. @default none: messages are words alone */
  upload?: Upload | undefined
  children?: ReactNode
}

/** Runs the sessions of one user for everything below it. */
export function BackgroundAgentProvider({ children, queryClient, upload, ...options }: BackgroundAgentProviderProps): ReactNode {
  const { agent, user } = options
  const [privateClient] = useState(() => new QueryClient())
  const [engine, setEngine] = useState(() => createEngine(options))
  // While rendering, so that nothing below is ever rendered with the runs of somebody else.
  if (engine.user !== user) setEngine(createEngine(options))

  const client = queryClient ?? privateClient
  const mirror = useMemo(() => createRunMirror(engine, client), [engine, client])

  useEffect(() => engine.mount(), [engine])
  useEffect(() => mirror.mount(), [mirror])
  useEffect(() => engine.setAgent(agent), [engine, agent])

  const value = useMemo(() => ({ engine, queryClient: client, mirror }), [engine, client, mirror])
  return (
    <EngineContext.Provider value={value}>
      <UploadContext.Provider value={upload}>{children}</UploadContext.Provider>
      {user !== null && agent.list && <FindRuns engine={engine} client={client} />}
    </EngineContext.Provider>
  )
}
