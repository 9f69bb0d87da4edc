import { anyOf } from './wording.ts'

/** What the sales file can't answer, found in a question. */
export interface Limits {
  /** What a person has to be told, as whole sentences. */
  notes: string[]
  /** Whether the question is about something else than sales. */
  offTopic: boolean
  /** Whether a span of time is asked for that isn't a month. */
  otherPeriod: boolean
}

/** Says what of a question the file has no answer to. */
export function limitsOf(text: string, file: string): Limits {
  const found = subjects.filter(({ words }) => words.test(text)).map(({ name }) => name)
  const nothing = found.length === 0 ? [] : [`${file} says nothing about ${found.join(' or ')}.`]
  const why = /\bwhy\b/i.test(text) ? ['The figures show where sales changed, not why.'] : []
  const format = otherFormat.test(text) ? ['I write text and tables only, no charts and no other files.'] : []
  return {
    notes: [...nothing, ...why, ...format],
    offTopic: found.length + format.length > 0,
    otherPeriod: otherPeriod.test(text.replace(comparison, ' ')),
  }
}

const subjects: readonly { name: string; words: RegExp }[] = [
  { name: 'costs or profit', words: anyOf('costs? expenses? profits? profitable profitability margins? ebitd?a?') },
  {
    name: 'what is to come',
    words: anyOf(String.raw`forecasts? predict\w* projections? will_(we|it|they|sales|be) outlook`),
  },
  { name: 'targets or budgets', words: anyOf('targets? budgets? goals? quotas?') },
  { name: 'stock', words: anyOf('stock inventory warehouses?') },
  { name: 'customers', words: anyOf('(which|who|how_many|new|top|best|biggest)_(customers?|clients?|buyers?)') },
  {
    name: 'people',
    words: anyOf('who whose employees? staff headcount salary salaries salesperson salespeople sales_reps?'),
  },
  { name: 'competitors', words: anyOf('competitors? competition market_shares?') },
  { name: 'the weather', words: anyOf('weather') },
]

const otherFormat = anyOf(
  'charts? graphs? plots? diagrams? pdf excel xlsx powerpoint slides? docx spreadsheet e-?mails?',
)

const otherPeriod = anyOf(String.raw`
  annual\w* yearly quarter(s|ly)? q[1-4] weekly daily half[-_]year\w* (today|yesterday)['’]s (19|20)\d\d
  (last|past|whole|full|entire|previous|for_the|of_the|this)_(year|week)
  \w+_months_ago (last|past)_\w+_(months|weeks|days|years)`)

// Every answer compares with the year before and adds the year up so far.
const comparison = new RegExp(
  anyOf(String.raw`
    year[-_]to[-_]date ytd yoy year[-_]o(n|ver)[-_]year a_year_(ago|earlier|before) (so_far|same_month)_(this|last)_year
    (vs\.?|versus|against|than|with|to|on|over|from)_(the_)?(same_(month|time)_)?(last|previous|prior)_year`),
  'gi',
)
