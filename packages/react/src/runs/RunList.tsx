'use client'

import { type ListedRun, type RunState } from '@rejoin/core'
import { type ReactNode } from 'react'
import { part, type Part, type PartProps } from '../parts/part.ts'
import { useRuns } from './useRuns.ts'

/** What `RunList` takes beside native props. */
export interface RunListOwnProps {
  /** Where the run's session is shown: makes links. Left out: buttons. */
  href?: ((run: ListedRun) => string) | undefined
  /** The person has chosen it. With `href`, before the browser follows the link. */
  onOpen?: ((run: ListedRun) => void) | undefined
  children?: never
}

/** The user's runs as a list, newest first: what was asked, how it stands, and whether that is new. Nothing where there are none. */
export const RunList: Part<HTMLUListElement, PartProps<'ul', RunListOwnProps>> = part(
  'RunList',
  ({ href, onOpen, children: _none, ...rest }, ref) => {
    const { runs } = useRuns()
    if (runs.length === 0) return null
    return (
      <ul {...rest} ref={ref} data-chat-part="run-list">
        {runs.map((run) => (
          <li key={run.id} data-chat-part="run" data-run-id={run.id} data-run-state={run.state.type} data-unread={run.unread || undefined}>
            {href ? (
              <a href={href(run)} onClick={() => onOpen?.(run)}>
                <Words run={run} />
              </a>
            ) : (
              <button type="button" onClick={() => onOpen?.(run)}>
                <Words run={run} />
              </button>
            )}
          </li>
        ))}
      </ul>
    )
  },
)

function Words({ run: { question, state, unread } }: { run: ListedRun }): ReactNode {
  return (
    <>
      <span data-run="question">{question ?? 'Asked on another device'}</span>{' '}
      <span data-run="state">
        {unread ? 'New: ' : ''}
        {describe(state)}
      </span>
    </>
  )
}

function describe(state: RunState): string {
  switch (state.type) {
    case 'paused':
      return state.reason === 'unauthorized' ? 'sign in again to see it' : 'the agent has a question'
    case 'completed':
      return 'answered'
    case 'cancelled':
      return 'stopped'
    case 'failed':
      return 'failed'
    case 'incomplete':
    case 'expired':
      return 'ended early'
    case 'reconnecting':
      // Nobody has heard of it yet, and perhaps nobody will before its session is opened.
      if (state.reason === 'offline') return 'waiting for the network'
      return state.reason === 'restored' ? 'open it to see' : 'working'
    default:
      return 'working'
  }
}
