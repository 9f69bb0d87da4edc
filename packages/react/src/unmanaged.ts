/**
 * What every request of ours says explicitly, because an app's shared QueryClient may have other
 * defaults: no waiting for a network the engine knows more about, no second layer of retries.
 */
export const unmanaged = { networkMode: 'always', retry: false } as const
