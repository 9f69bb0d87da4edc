import { beforeAll, describe, expect, it } from 'vitest'
import { generateSales } from '../agent/generateSales.ts'
import { type Question, readQuestion } from '../agent/question/question.ts'
import { type Catalog, catalogOf } from '../agent/sales/catalog.ts'
import { readSales } from '../agent/sales/sale.ts'

let catalog: Catalog

beforeAll(() => {
  catalog = catalogOf(readSales(generateSales({ seed: 1 }), 'sales.csv'), 'sales.csv')
})

/** The last question of a conversation. */
const read = (...texts: string[]): Question => {
  let question: Question | undefined
  for (const text of texts) question = readQuestion(text, catalog, question)
  if (question === undefined) throw new Error('No question was given.')
  return question
}

const namesIn = (question: Question): string[] =>
  'scope' in question ? [...question.scope.products, ...question.scope.regions, ...question.scope.channels] : []

describe('a wording that asks for a report', () => {
  it.each([
    'report',
    'REPORT!!',
    'Create the monthly sales report',
    'Please write last month’s sales report.',
    'Give me a summary of sales',
    'How did we do last month?',
    'Can you put together a rundown of October?',
    'I need something for the board about how October went',
    'Write up last month, please',
    'Analyse the sales',
    'Summarize the sales data for leadership',
    'May I have the report?',
    'I need the sales report by tomorrow',
    'Write a sales report for the head office',
    'Help me write a report',
    'monthly numbers please',
    'Produce an executive summary with recommendations',
    'Show me a copy of the figures from the report',
    'sales report for last month compared to last year',
    'Compare October 2026 with October 2025',
    'How do sales compare with last year?',
    'sales year to date',
    'Erstelle den Umsatzbericht',
    'sales reprot',
  ])('gets the whole report of the last month: %s', (text) => {
    const whole = { regions: [], products: [], channels: [] }
    expect(read(text)).toEqual({ kind: 'report', month: '2026-10', scope: whole, notes: [] })
  })

  it.each([
    ['Sales report for March 2026', '2026-03'],
    ['sales report for March', '2026-03'],
    ['sales report for November', '2025-11'],
    ['the report for Nov 2024', '2024-11'],
    ['report for 2025-07', '2025-07'],
    ['report 07/2025', '2025-07'],
    ['report Jul ’25', '2025-07'],
    ['report of October last year', '2025-10'],
    ['May I have the report for May?', '2026-05'],
    ['March', '2026-03'],
  ])('gets the month it names: %s', (text, month) => {
    expect(read(text)).toMatchObject({ kind: 'report', month })
  })

  it.each([
    ['report for March 2019', ['March 2019']],
    ['report for next month', ['November 2026']],
    ['How did we do in October 2024?', ['October 2024']],
  ])('is told when the file does not hold the month: %s', (text, asked) => {
    expect(read(text)).toEqual({ kind: 'missing_month', asked })
  })

  it.each([
    ['report on the North', ['North']],
    ['a sales report about headsets in the southern region', ['Headset', 'South']],
  ])('gets a report of what it names: %s', (text, names) => {
    const question = read(text)
    expect(question.kind).toBe('report')
    expect(namesIn(question)).toEqual(names)
  })

  it.each(['weekly report', 'annual report for 2025', 'the Q3 report', 'report on the last three months'])(
    'is told that reports are monthly, and gets one: %s',
    (text) => {
      const monthly = ['I work by calendar month and not by day, week, quarter or year: this is October 2026.']
      expect(read(text)).toMatchObject({ kind: 'report', notes: monthly })
    },
  )

  it('is told about the months that its report leaves out', () => {
    expect(read('report for July and August 2026 and March 2019')).toMatchObject({
      month: '2026-08',
      notes: ['The file has no sales for March 2019.'],
    })
    expect(read('report for March and August')).toMatchObject({
      month: '2026-08',
      notes: ['I answer for one month at a time: ask again for March 2026.'],
    })
  })

  it.each([
    ['sales report with charts', 'I write text and tables only, no charts and no other files.'],
    ['profit report', 'sales.csv says nothing about costs or profit.'],
  ])('is told what the report will not have: %s', (text, note) => {
    expect(read(text)).toMatchObject({ kind: 'report', notes: [note] })
  })
})

describe('a follow-up', () => {
  it.each([
    ['How did the North do?', ['North']],
    ['EAST', ['East']],
    ['and the southern region?', ['South']],
    ['What about chairs?', ['Office chair']],
    ['desk lamps', ['Desk lamp, brass']],
    ['desks', ['Desk lamp, brass', 'Standing desk']],
    ['Headsets in the South', ['Headset', 'South']],
    ['monitor arms in the west, online', ['Monitor arm 27"', 'West', 'Online']],
    ['North vs South', ['North', 'South']],
    ['In the report you said East fell. By how much?', ['East']],
    ['Don’t write a report, how is the West doing?', ['West']],
  ])('is about what it names: %s', (text, names) => {
    const question = read(text)
    expect(question.kind).toBe('detail')
    expect(namesIn(question)).toEqual(names)
  })

  it.each([
    ['Which region grew fastest?', 'region'],
    ['Where did we sell most?', 'region'],
    ['best product', 'product'],
    ['what sold best?', 'product'],
    ['Compare the channels', 'channel'],
  ])('that asks which one gets them all: %s', (text, by) => {
    expect(read(text)).toMatchObject({ kind: 'ranking', by })
  })

  it('stays in the month that is talked about', () => {
    expect(read('report for March 2026', 'and the North?')).toMatchObject({ kind: 'detail', month: '2026-03' })
    expect(read('report for March 2026', 'and the North?', 'which product?')).toMatchObject({ month: '2026-03' })
    expect(read('report for March 2026', 'create the monthly report')).toMatchObject({ month: '2026-10' })
  })

  it('that names only a month stays with what is talked about', () => {
    const question = read('How did the North do?', 'and in May?')
    expect(question).toMatchObject({ kind: 'detail', month: '2026-05' })
    expect(namesIn(question)).toEqual(['North'])
  })

  it.each([
    ['Why did East fall?', 'The figures show where sales changed, not why.'],
    ['Who manages the North?', 'sales.csv says nothing about people.'],
    ['Will the North grow? Give me a forecast', 'sales.csv says nothing about what is to come.'],
  ])('is told what the file can not say: %s', (text, note) => {
    expect(read(text)).toMatchObject({ kind: 'detail', notes: [note] })
  })
})

describe('any other message', () => {
  it.each(['', '?', 'Hi', 'Hello there!', 'thanks', 'help', 'What can you do?'])('gets help: %j', (text) => {
    expect(read(text)).toEqual({ kind: 'help' })
  })

  it.each([
    ['Tell me a joke', []],
    ['How did Antarctica do?', []],
    ['27', []],
    ['Don’t write a report', []],
    ['What is our profit?', ['sales.csv says nothing about costs or profit.']],
    ['What’s the weather tomorrow?', ['sales.csv says nothing about the weather.']],
    ['How many sales reps left?', ['sales.csv says nothing about people.']],
    ['What about this week?', ['I work by calendar month and not by day, week, quarter or year.']],
  ])('is not answered, with the reason: %s', (text, notes) => {
    expect(read(text)).toEqual({ kind: 'unknown', notes })
  })
})
