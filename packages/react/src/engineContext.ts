'use client'

import { RejoinError, type Engine } from '@rejoin/core'
import { type QueryClient } from '@tanstack/react-query'
import { createContext, useContext, type Context } from 'react'
import { type RunMirror } from './runMirror.ts'

/** What a provider gives to the hooks below it. */
export interface EngineContextValue {
  engine: Engine
  queryClient: QueryClient
  mirror: RunMirror
}

export const EngineContext: Context<EngineContextValue | null> = createContext<EngineContextValue | null>(null)

/** @throws RejoinError `missing_provider` */
export function useEngine(): EngineContextValue {
  const value = useContext(EngineContext)
  if (value === null) throw new RejoinError('missing_provider')
  return value
}
