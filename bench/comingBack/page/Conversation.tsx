import { type ReactNode } from 'react'

/** What is on the screen is the same for each line. */
export function Conversation({ status, answer, onAsk }: { status: string; answer: string; onAsk: () => void }): ReactNode {
  return (
    <main>
      <button type="button" disabled={status !== 'ready'} onClick={onAsk}>
        Ask
      </button>
      <p data-status={status}>{answer}</p>
    </main>
  )
}
