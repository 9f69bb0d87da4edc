import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { reportSections } from '../agent/answer/report.ts'
import { chunks } from '../agent/chunks.ts'
import { salesFigures } from '../agent/sales/figures.ts'
import { readSales } from '../agent/sales/sale.ts'
import type { ChatMessage, ProgressStep } from '@rejoin/core'
import type { GeneratorItem, GeneratorLeft } from '@rejoin/proxy'
import { salesAgent } from '../agent/salesAgent.ts'
import { contextOf, nobody } from './askedAgent.ts'

const sample = new URL('../data/sales.csv', import.meta.url)

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sales-'))
})

afterAll(() => rm(folder, { recursive: true }))

const fileOf = async (text: string): Promise<string> => {
  const file = join(folder, 'sales.csv')
  await writeFile(file, text)
  return file
}

const asked = (...texts: string[]): ChatMessage[] =>
  texts.flatMap((text, index): ChatMessage[] => [
    ...(index === 0
      ? []
      : [{ id: `a${index}`, role: 'assistant', parts: [{ type: 'text', text: 'The report for May 2026' }] } as const]),
    { id: `q${index}`, role: 'user', parts: [{ type: 'text', text }] },
  ])

interface AskOptions {
  file?: string | URL
  pace?: number
  signal?: AbortSignal
  left?: GeneratorLeft | null
}

const ask = (
  messages: readonly ChatMessage[],
  { file = sample, pace = 0, signal = new AbortController().signal, left = null }: AskOptions = {},
): AsyncGenerator<GeneratorItem> => salesAgent(contextOf({ messages, signal, left }), { ...nobody, file, pace })

const collect = async (items: AsyncIterable<GeneratorItem>): Promise<GeneratorItem[]> => {
  const all: GeneratorItem[] = []
  for await (const item of items) all.push(item)
  return all
}

const textOf = (items: readonly GeneratorItem[]): string => items.filter((item) => typeof item === 'string').join('')

const stepOf = (item: GeneratorItem): ProgressStep | null =>
  typeof item !== 'string' && item.type === 'progress' ? item.step : null

const stepsOf = (items: readonly GeneratorItem[]): ProgressStep[] => items.flatMap((item) => stepOf(item) ?? [])

const answer = async (messages: readonly ChatMessage[], options?: AskOptions): Promise<string> =>
  textOf(await collect(ask(messages, options)))

describe('the answer', () => {
  it('to a request for a report is the report, with nothing lost or added between the chunks', async () => {
    const sales = readSales(await readFile(sample, 'utf8'), 'sales.csv')
    const sections = reportSections(salesFigures(sales, '2026-10'), { file: 'sales.csv', rows: sales.length })
    const text = await answer(asked('Create the monthly sales report'))
    expect(text).toBe(`${sections.join('').trimEnd()}\n`)
    expect(text).toMatch(/^# Sales report: October 2026\n/)
  })

  it('is the same for the same question on the same file', async () => {
    const first = await collect(ask(asked('Create the monthly sales report')))
    expect(await collect(ask(asked('Create the monthly sales report')))).toEqual(first)
    expect(await answer(asked('sales report, please'))).toBe(textOf(first))
  })

  it('to a request for an earlier month is that month’s report', async () => {
    expect(await answer(asked('Sales report for March 2026'))).toMatch(/^# Sales report: March 2026\n/)
  })

  it('to a request for a month that is not there says which months are', async () => {
    expect(await answer(asked('Sales report for March 2019'))).toBe(
      'There are no sales for March 2019 in sales.csv. It holds 24 months, from November 2024 to October 2026. ' +
        'Ask for one of these.\n',
    )
  })

  it('to a request for a report on one region is limited to it and says so', async () => {
    const text = await answer(asked('Report on the North'))
    expect(text).toMatch(/^# Sales report for North: October 2026\n/)
    expect(text).not.toContain('South')
    expect(text).toContain('Ask for “the sales report” to have it for everything.')
  })

  it('begins with what can not be answered', async () => {
    const text = await answer(asked('weekly sales report'))
    expect(text).toMatch(/^I work by calendar month .*: this is October 2026\.\n\n# Sales report: October 2026\n/)
  })

  it('to a question about a region has its figures from the file', async () => {
    const rows = (await readFile(sample, 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('2026-10') && line.includes(',North,'))
    const revenue = rows.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(',') + 1)), 0)
    const text = await answer(asked('How did the North do?'))
    expect(rows.length).toBeGreaterThan(10)
    expect(text).toMatch(/^## North, October 2026\n/)
    expect(text).toContain(`North brought in **€${Math.round(revenue).toLocaleString('en-US')}** in October 2026, `)
    expect(text).toContain(`${rows.filter((line) => !line.includes(',-')).length} orders`)
    expect(text).toContain('| Product | Revenue |')
  })

  it('to a question about a product breaks it down by region', async () => {
    const text = await answer(asked('What about desk lamps?'))
    expect(text).toMatch(/^## Desk lamp, brass, October 2026\n/)
    expect(text).toMatch(/^\| East \| €/m)
  })

  it('to a question about a product in a region breaks it down by channel', async () => {
    const text = await answer(asked('Headsets in the South'))
    expect(text).toMatch(/^## Headset in South, October 2026\n/)
    expect(text).toMatch(/^\| Online \| €/m)
  })

  it('to a question about two regions compares them', async () => {
    const text = await answer(asked('North or South?'))
    expect(text).toMatch(/^## (North and South|South and North), October 2026\n/)
    expect(text).toMatch(/brought in €[\d,]+ more than/)
  })

  it('to a question for the best is a ranking', async () => {
    const text = await answer(asked('Which product did best?'))
    expect(text).toMatch(/^## Sales by product, October 2026\n/)
    expect(text).toContain('Standing desk brought in most')
  })

  it('to a follow-up stays with the month that the person asked about', async () => {
    const text = await answer(asked('Report for March 2026', 'thanks', 'and the East?'))
    expect(text).toMatch(/^## East, March 2026\n/)
  })

  it('to a question about something without sales in the month says so', async () => {
    const header = 'date,region,product,channel,units,unit_price,revenue'
    const rows = ['2026-09-01,South,Headset,Online,1,10.00,10.00', '2026-10-01,North,Headset,Online,1,10.00,10.00']
    const file = await fileOf([header, ...rows].join('\n'))
    expect(await answer(asked('South'), { file })).toBe(
      '## South, October 2026\n\nSouth had no sales in October 2026. In September it was €10.\n',
    )
  })

  it.each(['Tell me a joke', 'What is our profit?', 'hello', ''])('to %j says what can be asked', async (text) => {
    const said = await answer(asked(text))
    expect(said).toContain('the sales of November 2024 to October 2026')
    expect(said).toContain('Central, East, North, South and West')
    expect(said).toContain('Standing desk')
  })

  it('to what it can not know gives the reason first', async () => {
    expect(await answer(asked('What is our profit?'))).toMatch(/^sales\.csv says nothing about costs or profit\.\n/)
    expect(await answer(asked('Tell me a joke'))).toMatch(/^I can’t answer that: I only know the sales file\.\n/)
  })
})

describe('the chunks', () => {
  it.each([
    'two words',
    '  space before, and after  \n',
    '\n\n',
    '',
    'one',
    'a 🪑 chair, a 👩‍💻👨‍👩‍👧 family and 𝒜𝒷𝒸',
    'tab\tand\r\nline',
  ])('of %j are the text again', (text) => {
    expect(chunks(text).join('')).toBe(text)
  })

  it('never split a character', async () => {
    const header = 'date,region,product,channel,units,unit_price,revenue'
    const rows = ['🪑🪑 chair 👩‍💻', 'desk'].map((name) => `2026-10-01,North,${name},Online,1,10.00,10.00`)
    const file = await fileOf([header, ...rows].join('\n'))
    const items = await collect(ask(asked('report'), { file }))
    expect(textOf(items)).toContain('🪑🪑 chair 👩‍💻')
    for (const item of items) expect(typeof item === 'string' && /\p{Surrogate}/u.test(item)).toBe(false)
  })

  it('are single words, so that the text grows evenly', async () => {
    const items = await collect(ask(asked('report')))
    const pieces = items.filter((item) => typeof item === 'string')
    expect(pieces.length).toBeGreaterThan(800)
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(40)
  })
})

describe('the progress', () => {
  it('names what is done, in the order it is done', async () => {
    const items = await collect(ask(asked('report')))
    const rows = (await readFile(sample, 'utf8')).trim().split('\n').length - 1
    const done = stepsOf(items).filter(({ state }) => state === 'done')
    expect(done.map(({ label }) => label)).toEqual([
      'Reading sales.csv',
      `Checking ${rows.toLocaleString('en-US')} rows`,
      'Adding up October 2026',
      'Comparing with September and October 2025',
      'Looking for what changed most',
      'Writing the report',
    ])
  })

  it('starts every step, and ends every step that it starts', async () => {
    const steps = stepsOf(await collect(ask(asked('How did the North do?'))))
    const first = new Map(steps.toReversed().map(({ id, state }) => [id, state]))
    const last = new Map(steps.map(({ id, state }) => [id, state]))
    expect(new Set(first.values())).toEqual(new Set(['active']))
    expect(new Set(last.values())).toEqual(new Set(['done']))
  })

  it.each(['check', 'write'])('counts up to the total in the step %s', async (id) => {
    const counted = stepsOf(await collect(ask(asked('report'))))
      .filter((step) => step.id === id && step.value !== undefined)
      .map(({ value = -1, total = -1 }) => ({ value, total }))
    expect(counted.length).toBeGreaterThan(4)
    expect(counted[0]?.value).toBe(0)
    expect(counted.at(-1)?.value).toBe(counted.at(-1)?.total)
    expect(counted.map(({ value }) => value)).toEqual(counted.map(({ value }) => value).toSorted((a, b) => a - b))
  })

  it('compares with nothing where the file has no earlier month', async () => {
    const labels = stepsOf(await collect(ask(asked('report for November 2024')))).map(({ label }) => label)
    expect(labels).toContain('Adding up November 2024')
    expect(labels.some((label) => label.startsWith('Comparing'))).toBe(false)
  })
})

describe('a file that can not be used', () => {
  const header = 'date,region,product,channel,units,unit_price,revenue'

  it('is an answer that names file, line and column', async () => {
    const file = await fileOf(`${header}\n2026-10-01,North,Headset,Online,abc,1.00,1.00\n`)
    const items = await collect(ask(asked('report'), { file }))
    expect(textOf(items)).toBe(
      'sales.csv, line 2, column 5 (units): "abc" is not a whole number. Write units like 12, or -2 for a refund.\n\n' +
        'I need this file for every answer. Ask again when it is corrected.\n',
    )
    const last = new Map(stepsOf(items).map((step) => [step.id, step]))
    expect(last.get('check')).toEqual({ id: 'check', label: 'Stopped: sales.csv can’t be used', state: 'done' })
  })

  it('is named without its folder when it is not there', async () => {
    const text = await answer(asked('report'), { file: join(folder, 'none.csv') })
    expect(text).toContain('There is no none.csv. Write the sample again with: node agent/writeSales.ts')
    expect(text).not.toContain(folder)
  })

  it('is named without its folder when it can not be read', async () => {
    const text = await answer(asked('report'), { file: folder })
    expect(text).toContain(`I’m not allowed to read ${folder.split('/').at(-1)}, or it is not a file.`)
    expect(text).not.toContain('EISDIR')
  })

  it('keeps what it holds from being read as Markdown', async () => {
    const file = await fileOf(`${header}\n2026-10-01,North,Headset,Online,![x](y),1.00,1.00\n`)
    expect(await answer(asked('report'), { file })).toContain('"!\\[x\\](y)" is not a whole number')
  })
})

describe('time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  /** The next item, letting fake time pass only while the agent waits. */
  const pull = async (items: AsyncGenerator<GeneratorItem>): Promise<IteratorResult<GeneratorItem>> => {
    let settled = false
    const next = items.next().finally(() => {
      settled = true
    })
    while (!settled) await (vi.getTimerCount() > 0 ? vi.advanceTimersToNextTimerAsync() : turn())
    return next
  }

  /** How long the whole answer takes, and how long each piece of its text. */
  const timed = async (items: AsyncGenerator<GeneratorItem>): Promise<{ ms: number; gaps: number[] }> => {
    const start = Date.now()
    const gaps: number[] = []
    for (;;) {
      const before = Date.now()
      const { done, value } = await pull(items)
      if (done === true) return { ms: Date.now() - start, gaps }
      if (typeof value === 'string') gaps.push(Date.now() - before)
    }
  }

  it('is about a minute for a report', async () => {
    const { ms, gaps } = await timed(ask(asked('report'), { pace: 1 }))
    expect(ms).toBeGreaterThan(50_000)
    expect(ms).toBeLessThan(70_000)
    const typical = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
    expect(1000 / typical).toBeGreaterThan(20)
    expect(1000 / typical).toBeLessThan(40)
    expect(Math.max(...gaps)).toBeLessThan(2000)
  })

  it('is a minute when no pace is set', async () => {
    const { signal } = new AbortController()
    const whole = await timed(salesAgent(contextOf({ messages: asked('report'), signal }), { ...nobody, file: sample }))
    const { ms } = await timed(ask(asked('report'), { pace: 1 }))
    expect(whole.ms).toBe(ms)
  })

  it('stretches with the pace', async () => {
    const { ms } = await timed(ask(asked('North'), { pace: 1 }))
    const { ms: half } = await timed(ask(asked('North'), { pace: 0.5 }))
    expect(ms).toBeGreaterThan(5000)
    expect(half).toBeCloseTo(ms / 2, -3)
  })

  it('does not pass at pace 0, where no timer is set', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    await collect(ask(asked('report'), { pace: 0 }))
    expect(set).not.toHaveBeenCalled()
  })

  describe('when the person stops the run', () => {
    /** Reads until `isThere`, and asks for one more item, which has to wait. */
    const waiting = async (isThere: (item: GeneratorItem) => boolean) => {
      const controller = new AbortController()
      const added = vi.spyOn(controller.signal, 'addEventListener')
      const removed = vi.spyOn(controller.signal, 'removeEventListener')
      const items = ask(asked('report'), { pace: 1, signal: controller.signal })
      for (;;) {
        const { done, value } = await pull(items)
        if (done === true) throw new Error('The answer ended before it could be stopped.')
        if (isThere(value)) break
      }
      const next = items.next()
      while (vi.getTimerCount() === 0) await turn()
      return { controller, items, next, added, removed }
    }

    it.each<[string, (item: GeneratorItem) => boolean]>([
      ['reading', (item) => stepOf(item)?.id === 'read'],
      ['checking', (item) => stepOf(item)?.id === 'check' && stepOf(item)?.value === 0],
      ['adding up', (item) => stepOf(item)?.id === 'add'],
      ['between sections', (item) => stepOf(item)?.id === 'write' && stepOf(item)?.value === 2],
      ['writing', (item) => typeof item === 'string' && item.startsWith('Revenue')],
    ])('ends at once while %s, without an error or another item', async (_, isThere) => {
      const { controller, items, next } = await waiting(isThere)
      const before = Date.now()
      controller.abort()
      expect(await next).toEqual({ done: true, value: undefined })
      expect(await items.next()).toEqual({ done: true, value: undefined })
      expect(Date.now()).toBe(before)
      expect(vi.getTimerCount()).toBe(0)
    })

    it('leaves no listener on the signal', async () => {
      const { controller, next, added, removed } = await waiting((item) => typeof item === 'string')
      controller.abort()
      await next
      const own = added.mock.calls.filter(([, , options]) => typeof options === 'object' && options.once === true)
      expect(own.length).toBeGreaterThan(5)
      for (const [, listener] of own) expect(removed.mock.calls.map(([, each]) => each)).toContain(listener)
    })

    it('yields nothing when it was stopped before it began', async () => {
      const items = await collect(ask(asked('report'), { pace: 1, signal: AbortSignal.abort() }))
      expect(textOf(items)).toBe('')
    })
  })
})

describe('an agent whose process died', () => {
  const question = asked('Create the monthly sales report')

  /** What is left of it by a process that died after so many items. */
  const leftOf = (items: readonly GeneratorItem[]): GeneratorLeft => {
    const note = items.findLast((item) => typeof item !== 'string' && item.type === 'checkpoint')
    return { checkpoint: typeof note === 'object' && note.type === 'checkpoint' ? note.state : null, text: textOf(items) }
  }

  it('continues its answer right where it was, wherever that is', async () => {
    const all = await collect(ask(question))
    const noted = all.findIndex((item) => typeof item !== 'string' && item.type === 'checkpoint')
    expect(noted).toBeGreaterThan(0)
    // Before its note it has to do all its work again, which takes a while.
    for (const at of [0, 1, noted, ...Array.from({ length: all.length - noted }, (_, n) => noted + n + 1)]) {
      const left = leftOf(all.slice(0, at))
      expect(left.text + (await answer(question, { left })), `after ${at} items`).toBe(textOf(all))
    }
  })

  it('does not read the file again once it knows what to write', async () => {
    const left = leftOf((await collect(ask(question))).slice(0, -20))
    const items = await collect(ask(question, { left, file: join(folder, 'gone.csv') }))
    expect(left.text + textOf(items)).toBe(await answer(question))
    expect(stepsOf(items).map(({ id }) => id)).not.toContain('read')
  })

  it('takes no note for one that it did not write', async () => {
    for (const checkpoint of [1, {}, { what: 'the report', sections: [1] }, { sections: 'x', what: 'the report' }]) {
      expect(await answer(question, { left: { checkpoint, text: '' } })).toBe(await answer(question))
    }
  })

  it('does not make half an answer look whole whose note it can not read', async () => {
    const left = { checkpoint: { of: 'an earlier version' }, text: '# Sales' }
    await expect(answer(question, { left })).rejects.toMatchObject({ code: 'interrupted' })
  })

  it('adds nothing to what it said of a file that can not be used', async () => {
    const file = join(folder, 'gone.csv')
    expect(await answer(question, { file, left: leftOf(await collect(ask(question, { file }))) })).toBe('')
  })
})
