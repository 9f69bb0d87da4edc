import { queryOptions, type DataTag, type UndefinedInitialDataOptions } from '@tanstack/react-query'
import { mirroredRun, runKey, type MirroredRun, type RunKey } from './runMirror.ts'
import { unmanaged } from './unmanaged.ts'

/** What {@link runQueryOptions} gives: options for `useQuery` and the like. */
export type RunQueryOptions = UndefinedInitialDataOptions<MirroredRun | null, Error, MirroredRun | null, RunKey> & {
  queryKey: DataTag<RunKey, MirroredRun | null, Error>
}

/**
 * A run for the rest of the app: `useQuery(runQueryOptions(id))`, with `select` where only a part of it
 * matters. Needs a provider that shares the app's QueryClient. Follows the run once a frame, also while no
 * chat is on the screen; `null` for a run this page knows nothing of.
 *
 * It is a copy to look at: whatever is done to the cache, the run and the chat go on.
 */
export function runQueryOptions(runId: string): RunQueryOptions {
  return queryOptions({
    ...unmanaged,
    queryKey: runKey(runId),
    queryFn: ({ client }) => mirroredRun(client, runId),
    staleTime: 'static',
    structuralSharing: false,
    // The provider removes it when it goes. Until then a run that nobody looks at just now must not stop here.
    gcTime: Infinity,
    refetchOnMount: false,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
  })
}
