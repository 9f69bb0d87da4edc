'use client'

import { type Engine } from '@rejoin/core'
import { useQuery, type QueryClient } from '@tanstack/react-query'
import { useEffect, useId, type ReactNode } from 'react'
import { finding } from './requests.ts'

/** Looks for the runs of other devices. Shows nothing. */
export function FindRuns({ engine, client }: { engine: Engine; client: QueryClient }): ReactNode {
  // Several providers may share a client, and each has an agent of its own.
  const provider = useId()
  useQuery(finding(engine, provider), client)
  // A client that nobody has mounted does not hear of the focus.
  useEffect(() => {
    client.mount()
    return () => client.unmount()
  }, [client])
  return null
}
