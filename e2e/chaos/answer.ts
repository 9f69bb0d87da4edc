import { type ProgressStep } from '@rejoin/core'
import { type SeededRandom } from '@rejoin/testkit'

/** What the agent does: says something, or takes its time, or shows a step. */
type AnswerItem =
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'reasoning'; readonly delta: string }
  | { readonly type: 'progress'; readonly step: ProgressStep }
  | { readonly type: 'pause'; readonly ms: number }

/** An answer, known beforehand. */
export interface Answer {
  readonly items: readonly AnswerItem[]
  /** The parts that every tab has to show in the end. */
  readonly parts: readonly { readonly type: 'text' | 'reasoning'; readonly text: string }[]
  /** The steps that stand beside it in the end. */
  readonly steps: readonly ProgressStep[]
  /** What the agent takes for it, undisturbed. */
  readonly lengthMs: number
}

const deltas = [
  'the', ' quick', ' brown fox', ' ', '\n', '\n\n', '\r\n', '👩‍🚀', '🏳️‍🌈', '日本語', '中文，', 'é', 'e\u0301', '\u2028',
  // A surrogate pair that falls in two, as with tokens.
  '\ud83d', '\ude80',
  // What would end a frame, or begin one.
  'data: x\n\nid: 9\n\n', ':', '"}', '\\n', '</script>', '\ufeff',
]

/**
 * Who continues after its text is not told what it had thought, so it says nothing but text. A model's steps are items of their
 * own, and would cut its text in two.
 */
export function answerOf(random: SeededRandom, agent: 'repeats' | 'continues' | 'openai', longestMs: number): Answer {
  const items: AnswerItem[] = []
  // A few agents say it all at once, some think between any two words.
  const pauses = random.chance(0.05) ? 0 : random.pick([0.1, 0.3, 0.6])
  const count = random.int(20, 120)
  let left = longestMs
  let thinks = agent !== 'continues' && random.chance(0.3)
  for (let said = 0; said < count; said += 1) {
    if (random.chance(pauses)) {
      const ms = Math.min(left, random.pick([1, 1, 20, 20, 200, longestMs / 4]))
      left -= ms
      if (ms > 0) items.push({ type: 'pause', ms })
    }
    if (agent !== 'openai' && random.chance(0.04)) items.push({ type: 'progress', step: { id: String(random.int(1, 3)), label: 'Step 検索', state: random.pick(['active', 'done']) } })
    // It thinks first, then it speaks.
    thinks &&= said < count / 4
    items.push({ type: thinks ? 'reasoning' : 'text', delta: random.pick(deltas) })
  }
  const said = (type: 'text' | 'reasoning'): string => items.map((item) => (item.type === type ? item.delta : '')).join('')
  const parts = (['reasoning', 'text'] as const).map((type) => ({ type, text: said(type) })).filter(({ text }) => text !== '')
  const steps = new Map<string, ProgressStep>()
  for (const item of items) if (item.type === 'progress') steps.set(item.step.id, item.step)
  return { items, parts, steps: [...steps.values()], lengthMs: longestMs - left }
}
