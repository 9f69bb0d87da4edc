/** Calls a hook of the app's. What it throws, and what its promise rejects with, goes no further: it must neither change an answer nor end the process. */
export async function callHook(hook: () => unknown): Promise<void> {
  try {
    await hook()
  } catch {
    // There is nobody left to tell.
  }
}
