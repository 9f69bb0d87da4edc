'use client'

import { type ProgressStep } from '@rejoin/core'
import { useImperativeHandle, useRef, type ReactNode } from 'react'
import { useSeconds } from '../useSeconds.ts'
import { describeDuration, describeEnd } from '../words.ts'
import { useChat } from './chatContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { usePinnedToEnd } from './usePinnedToEnd.ts'

/**
 * What the agent is doing, and for how long: its steps and the time since the run began, which a reload
 * does not reset. After the run, a line that says how long it took. Nothing where there is no run.
 */
export const Progress: Part<HTMLDivElement, PartProps<'div', { children?: never }>> = part(
  'Chat.Progress',
  ({ children: _none, ...rest }, ref) => {
    const { run } = useChat('Progress')
    const ticking = useSeconds(run?.startedAt ?? null)
    const shown = run !== null && run.id !== null
    const box = useRef<HTMLDivElement>(null)
    // oxlint-disable-next-line react/exhaustive-deps -- the element is there when it is shown
    useImperativeHandle<HTMLDivElement | null, HTMLDivElement | null>(ref, () => box.current, [shown])
    // Where room is short it scrolls; what is being done stands last.
    const onScroll = usePinnedToEnd(box, run?.id ?? '')
    if (!shown) return null
    const seconds = ticking ?? Math.floor(run.elapsedMs / 1_000)
    const summary = describeEnd(run.state, Math.max(0, seconds))
    return (
      <div
        {...rest}
        ref={box}
        onScroll={(event) => {
          rest.onScroll?.(event)
          onScroll()
        }}
        data-chat-part="progress"
        data-run-state={run.state.type}
      >
        {summary === null ? (
          <>
            <span role="timer" aria-label="Time so far" data-progress="elapsed">
              {describeDuration(Math.max(0, seconds))}
            </span>
            <Steps steps={run.progress} />
          </>
        ) : (
          <Summary text={summary} steps={run.progress} />
        )}
      </div>
    )
  },
)

function Summary({ text, steps }: { text: string; steps: readonly ProgressStep[] }): ReactNode {
  if (steps.length === 0) return <span data-progress="summary">{text}</span>
  return (
    <details>
      <summary data-progress="summary">{text}</summary>
      <Steps steps={steps} />
    </details>
  )
}

function Steps({ steps }: { steps: readonly ProgressStep[] }): ReactNode {
  if (steps.length === 0) return null
  return (
    <ol aria-label="Steps" data-progress="steps">
      {steps.map((step) => (
        <li key={step.id} data-progress="step" data-step-state={step.state} aria-current={step.state === 'active' ? 'step' : undefined}>
          <span>{step.label}</span>
          <Measure step={step} />
        </li>
      ))}
    </ol>
  )
}

function Measure({ step: { label, value, total } }: { step: ProgressStep }): ReactNode {
  if (value === undefined) return null
  if (total === undefined) return <span data-progress="value">{value.toLocaleString()}</span>
  return (
    <>
      <progress value={value} max={total} aria-label={label} />
      <span data-progress="value">{`${value.toLocaleString()} of ${total.toLocaleString()}`}</span>
    </>
  )
}
