import { RejoinError } from '@rejoin/core'

/** What people have seen can not be taken back. */
export function wentOnDifferently(): RejoinError {
  const cause = new Error(
    "A generator agent was called again after a restart and did not repeat the text that came after its checkpoint, or asked something else than before, so its run was ended. Yield the same text and ask the same from the same checkpoint, or use afterRestart: 'continues' and go on right after `left.text`.",
  )
  return new RejoinError('interrupted', { cause })
}
