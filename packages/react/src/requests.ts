import { type SendResult, type Session } from '@rejoin/core'
import { type UseMutationOptions, type UseQueryOptions } from '@tanstack/react-query'
import { unmanaged } from './unmanaged.ts'

/**
 * What a mutation is given is the request itself, bound to its session: it can not go to the session that
 * was shown before, and what the person wrote does not lie about in the app's cache.
 */
export type Request<T> = () => Promise<T>

export const sending: UseMutationOptions<SendResult, Error, Request<SendResult>> = {
  ...unmanaged,
  mutationKey: ['rejoin', 'send'],
  mutationFn: (request) => request(),
  gcTime: 0,
}

export const stopping: UseMutationOptions<void, Error, Request<void>> = {
  ...unmanaged,
  mutationKey: ['rejoin', 'stop'],
  mutationFn: (request) => request(),
  gcTime: 0,
}

type RestoreKey = readonly ['rejoin', 'restore', string | null, string]

export function restoring(user: string | null, session: Session): UseQueryOptions<'restored', Error, 'restored', RestoreKey> {
  return {
    ...unmanaged,
    queryKey: ['rejoin', 'restore', user, session.id],
    queryFn: () => session.restored().then(() => 'restored'),
    staleTime: 'static',
    // The session says itself when it is there; this is for who looks at the QueryClient.
    notifyOnChangeProps: [],
  }
}
