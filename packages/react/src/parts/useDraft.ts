'use client'

import { type Engine } from '@rejoin/core'
import { useCallback, useContext, useState } from 'react'
import { EngineContext } from '../engineContext.ts'
import { type Attachment } from './attachment.ts'

interface Draft {
  readonly text: string
  readonly attachments: readonly Attachment[]
  /** Why files that were chosen last are not among them. */
  readonly refusals: readonly string[]
  /** To send it, before all of its files were there. */
  readonly tried: boolean
  /** What was accepted last, until the server has said no to it. */
  readonly sent: (Pick<Draft, 'text' | 'attachments'> & { readonly runId: string }) | null
}

interface Drafts {
  /** An engine is one user's; `null` outside of a provider. */
  readonly engine: Engine | null
  readonly sessions: ReadonlyMap<string, Draft>
}

export interface DraftState {
  readonly engine: Engine | null
  readonly draft: Draft
  /** Does nothing once the user is another one: what was under way was the first one's. */
  changeDraft(change: (draft: Draft) => Draft): void
}

const empty: Draft = { text: '', attachments: [], refusals: [], tried: false, sent: null }

/** What is being written in a session, by the provider's user. */
export function useDraft(id: string): DraftState {
  const engine = useContext(EngineContext)?.engine ?? null
  const [drafts, setDrafts] = useState<Drafts>({ engine, sessions: new Map() })
  // While rendering: what one user has typed is never shown to the next.
  if (drafts.engine !== engine) setDrafts({ engine, sessions: new Map() })

  const changeDraft = useCallback(
    (change: (draft: Draft) => Draft) => {
      setDrafts((all) => {
        if (all.engine !== engine) return all
        return { ...all, sessions: new Map(all.sessions).set(id, change(all.sessions.get(id) ?? empty)) }
      })
    },
    [engine, id],
  )
  return { engine, draft: drafts.sessions.get(id) ?? empty, changeDraft }
}
