import type { MessagePart } from '@rejoin/core'
import type { Script, ScriptStep } from '@rejoin/testkit'

/** A text word by word, as a model writes it. */
export function words(text: string): string[] {
  return text.split(/(?<= )/)
}

/** Nothing more happens. */
export const forever: ScriptStep = { wait: Infinity }

export function part(piece: MessagePart & { readonly id: string }): ScriptStep {
  return { type: 'part', part: piece }
}

const reading = { id: 'read', label: 'Read the sales of March', total: 4_387 } as const
const comparing = { id: 'compare', label: 'Compare the regions' } as const

/** What the agent does before it writes, at `ms` a step. */
export function steps(ms: number): ScriptStep[] {
  return [
    { type: 'status', status: 'queued' },
    { wait: ms },
    { type: 'progress', step: { ...reading, state: 'active', value: 0 } },
    { wait: ms },
    { type: 'progress', step: { ...reading, state: 'active', value: 2_950 } },
    { wait: ms },
    { type: 'progress', step: { ...reading, state: 'done', value: 4_387 } },
    { type: 'progress', step: { ...comparing, state: 'active' } },
    { wait: ms },
    { type: 'progress', step: { ...comparing, state: 'done' } },
  ]
}

export const opening = '## Sales in March\n\nUp by **4 %** on February.\n\n'

const body =
  '| Region | Sum | Change |\n|---|---|---|\n| North | 1,204 | + 9 % |\n| South | 987 | 0 % |\n| West | 2,196 | + 3 % |\n\n' +
  'The north grew most:\n\n- new customers in two cities\n- a campaign that ran `12` days\n\nThe south stayed as it was, and the west made up for it in the last week.'

export const report: Script = { steps: [...steps(0), ...words(opening + body)] }

const chapters = ['The north', 'The south', 'The west', 'New customers', 'What was sent back', 'The holidays', 'What comes next'].map(
  (title) =>
    `\n\n### ${title}\n\nThree weeks out of four were better than the year before, and the fourth was the week of the holidays. ` +
    'Most of it comes from customers who were there already: they order more often, and a little more each time. ' +
    'What was sent back has not changed, at two in a hundred.',
)

/** About a minute at 100 ms a word: time enough to do something to it. */
export const longReport: Script = { steps: [...steps(1_000), ...words(opening + body + chapters.join(''))] }
