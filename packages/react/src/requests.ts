import { type SendResult, type Session } from '@rejoin/core'
import { type UseMutationOptions, type UseQueryOptions } from '@tanstack/react-query'
import { unmanaged } from './unmanaged.ts'

/** `text` is `null` where the last message is asked again. */
export interface SendRequest {
  readonly session: Session
  readonly text: string | null
}

/** Variables name the session, so that a request can never go to the one that was shown before. */
export const sending: UseMutationOptions<SendResult, Error, SendRequest> = {
  ...unmanaged,
  mutationKey: ['rejoin', 'send'],
  mutationFn: ({ session, text }) => (text === null ? session.regenerate() : session.send(text)),
  // What was sent is the session's; nobody needs it in the cache as well.
  gcTime: 0,
}

export const stopping: UseMutationOptions<void, Error, Session> = {
  ...unmanaged,
  mutationKey: ['rejoin', 'stop'],
  mutationFn: (session) => session.stop(),
  gcTime: 0,
}

type RestoreKey = readonly ['rejoin', 'restore', string | null, string]

export function restoring(user: string | null, session: Session): UseQueryOptions<'restored', Error, 'restored', RestoreKey> {
  return {
    ...unmanaged,
    queryKey: ['rejoin', 'restore', user, session.id],
    queryFn: () => session.restored().then(() => 'restored'),
    staleTime: 'static',
    gcTime: Infinity,
    // The session says itself when it is there; this is for who looks at the QueryClient.
    notifyOnChangeProps: [],
  }
}
