import { type Engine, type RunListing, type SendResult, type Session } from '@rejoin/core'
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

type FindKey = readonly ['rejoin', 'runs', string | null, string]

/** How often the server is asked for runs of other devices while somebody looks at the page. Milliseconds. */
const findEveryMs = 30_000

/**
 * Only finds: what is found is the engine's, and nobody reads it here.
 * @param provider tells it from another provider's
 */
export function finding(
  engine: Engine,
  provider: string,
): UseQueryOptions<readonly RunListing[], Error, readonly RunListing[], FindKey> {
  return {
    ...unmanaged,
    queryKey: ['rejoin', 'runs', engine.user, provider],
    queryFn: ({ signal }) => engine.findRuns(signal),
    enabled: true,
    staleTime: 0,
    // The next user is not to find it.
    gcTime: 0,
    refetchInterval: findEveryMs,
    refetchIntervalInBackground: false,
    refetchOnMount: true,
    refetchOnReconnect: true,
    refetchOnWindowFocus: true,
    // A list that can not be had is no fault of the page.
    throwOnError: false,
    structuralSharing: false,
    notifyOnChangeProps: [],
  }
}
