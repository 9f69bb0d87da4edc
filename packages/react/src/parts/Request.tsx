'use client'

import { isWebAddress, type AnswerPart, type RequestPart } from '@rejoin/core'
import { useContext, useImperativeHandle, useRef, useState, type FocusEvent, type ReactNode } from 'react'
import { useCommitEffect } from '../useCommitEffect.ts'
import { decisionsFor, describeAnswer } from '../words.ts'
import { hostOf } from './address.ts'
import { useOfChat } from './chatContext.ts'
import { focusInput } from './focusInput.ts'
import { MessageIdContext } from './messageContext.ts'
import { part, type Part, type PartProps } from './part.ts'
import { requestState, type RequestState } from './requestState.ts'
import { Value } from './Value.tsx'

/** What `Chat.Request` takes beside native props. */
export interface RequestOwnProps {
  part: RequestPart
  children?: never
}

/**
 * What the agent asks the person, and the buttons that answer it: the answers it proposes, a yes and a no, or the way to
 * sign in. Words of one's own are written in `Chat.Input`. Afterwards it says what was answered. `Chat.Status` tells a screen reader
 * that something is asked.
 */
export const Request: Part<HTMLFieldSetElement, PartProps<'fieldset', RequestOwnProps>> = part(
  'Chat.Request',
  ({ part: request, children: _none, ...rest }, ref) => {
    const messageId = useContext(MessageIdContext)
    const answer = useOfChat((chat) => chat?.answer)
    const state = useOfChat((chat) => (chat ? requestState(chat, request.id, messageId) : 'closed'))
    /** Here, and not yet known to be sent. */
    const [given, setGiven] = useState<AnswerPart | null>(null)
    const [sending, setSending] = useState(false)
    const element = useRef<HTMLFieldSetElement>(null)
    const focused = useRef(false)
    useImperativeHandle<HTMLFieldSetElement | null, HTMLFieldSetElement | null>(ref, () => element.current, [])

    // Where it is answered elsewhere, the button vanishes under the focus.
    const open = state === 'open'
    useCommitEffect(() => {
      if (!open && focused.current) focusInput(element.current)
      if (!open) focused.current = false
    }, [open])

    function noteBlur(event: FocusEvent<HTMLFieldSetElement>): void {
      rest.onBlur?.(event)
      // A window that goes behind another one keeps its place for when it comes back.
      if (!event.currentTarget.contains(event.currentTarget.ownerDocument.activeElement)) focused.current = false
    }

    async function give(choice: string | boolean): Promise<void> {
      focusInput(element.current)
      setGiven(partOf(request, choice))
      setSending(true)
      await answer?.(request.id, choice)
      setSending(false)
    }

    const answerable = open || state === 'coming'
    return (
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- hears where the focus is among its buttons
      <fieldset
        {...rest}
        ref={element}
        onFocus={(event) => {
          rest.onFocus?.(event)
          focused.current = true
        }}
        onBlur={noteBlur}
        data-chat-part="request"
        data-request-kind={request.kind}
        data-request-state={typeof state === 'string' ? state : 'answered'}
      >
        <legend data-request="prompt">{request.prompt}</legend>
        <Subject request={request} answerable={answerable} />
        {answerable ? (
          <Choices request={request} disabled={!open || sending} onChoice={(choice) => void give(choice)} />
        ) : (
          <p data-request="answer">{describeEnd(state, given)}</p>
        )}
      </fieldset>
    )
  },
)

/** What is to be decided on: the tool and what it is called with, or where to sign in. */
function Subject({ request, answerable }: { request: RequestPart; answerable: boolean }): ReactNode {
  if (request.kind === 'auth') {
    if (!answerable || request.url === undefined || !isWebAddress(request.url)) return null
    return (
      <a href={request.url} target="_blank" rel="noopener noreferrer" data-request="link">
        {`Sign in at ${hostOf(request.url)}`}
      </a>
    )
  }
  if (request.kind === 'input') return null
  return (
    <>
      {request.name !== undefined && <code data-request="name">{request.name}</code>}
      {request.input !== undefined && <Value label="Input" value={request.input} data-request="input" />}
    </>
  )
}

interface ChoicesProps {
  request: RequestPart
  disabled: boolean
  onChoice(answer: string | boolean): void
}

function Choices({ request, disabled, onChoice }: ChoicesProps): ReactNode {
  const choices = choicesFor(request)
  if (choices.length === 0) return null
  return (
    <div data-request="choices">
      {choices.map(([label, answer], at) => (
        // What the agent proposes may be the same twice.
        <button key={at} type="button" disabled={disabled} onClick={() => onChoice(answer)} data-request="choice">
          {label}
        </button>
      ))}
    </div>
  )
}

function describeEnd(state: RequestState, given: AnswerPart | null): string {
  if (typeof state !== 'string') return describeAnswer(state)
  if (state !== 'given') return 'No longer open'
  return `${given ? describeAnswer(given) : 'Answered'}. The agent goes on when everything is answered.`
}

function partOf({ id, kind }: RequestPart, answer: string | boolean): AnswerPart {
  if (typeof answer === 'string') return { type: 'answer', kind: 'input', request: id, text: answer }
  return { type: 'answer', kind: kind === 'auth' ? kind : 'approval', request: id, approved: answer }
}

function choicesFor(request: RequestPart): readonly (readonly [label: string, answer: string | boolean])[] {
  if (request.kind === 'input') return (request.options ?? []).map((option) => [option, option])
  const { yes, no } = decisionsFor(request.kind)
  return [
    [yes, true],
    [no, false],
  ]
}
