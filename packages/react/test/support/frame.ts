import { act } from '@testing-library/react'

/** Until the engine has shown what has come so far. */
export async function frame(): Promise<void> {
  await act(async () => {
    // A frame of happy-dom, and what was in flight before it.
    await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => requestAnimationFrame(resolve))
    await new Promise((resolve) => setTimeout(resolve))
  })
}
