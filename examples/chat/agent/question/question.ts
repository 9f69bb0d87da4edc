import { askedMonths } from './askedMonth.ts'
import type { Catalog } from '../sales/catalog.ts'
import type { Dimension } from '../sales/figures.ts'
import { limitsOf } from './limits.ts'
import { listed } from '../answer/markdown.ts'
import { addMonths, type Month, monthName } from '../month.ts'
import { mentioned } from './mention.ts'
import { isWhole, reportScopeOf, type Scope, scopeOf, wholeScope } from './scope.ts'
import { anyOf } from './wording.ts'

export type Question = SettledQuestion | OpenQuestion

/** What a person wants to know. `notes` are sentences to say first: what can't be answered. */
export type SettledQuestion =
  | { kind: 'report'; month: Month; scope: Scope; notes: readonly string[] }
  | { kind: 'detail'; month: Month; scope: Scope; notes: readonly string[] }
  | { kind: 'ranking'; month: Month; by: Dimension; notes: readonly string[] }
  | { kind: 'send'; month: Month; scope: Scope; notes: readonly string[] }
  | { kind: 'missing_month'; asked: readonly string[] }
  | { kind: 'help' }
  | { kind: 'unknown'; notes: readonly string[] }

/** One that can not be answered before the person has said which region is meant. */
export interface OpenQuestion {
  kind: 'which_region'
  /** What it becomes then. */
  about: 'report' | 'detail'
  month: Month
  scope: Scope
  notes: readonly string[]
}

/**
 * Reads a question by its words.
 *
 * @param previous the question before it, for `and in March?`: a follow-up without a month stays in the month that
 * was talked about. A report without a month is always about the last one.
 */
export function readQuestion(text: string, catalog: Catalog, previous?: Question): Question {
  const wanted = text.replace(noReport, ' ')
  const asked = wanted.replace(aboutReport, ' ')
  const { held, missing } = askedMonths(asked, catalog.months)
  if (held.length === 0 && missing.length > 0) return { kind: 'missing_month', asked: missing }

  const limits = limitsOf(asked, catalog.file)
  const [named] = held
  const notesFor = (month: Month): string[] => [
    ...limits.notes,
    ...(limits.otherPeriod && named === undefined ? [`${monthsOnly}: this is ${monthName(month)}.`] : []),
    ...otherMonths(month, held, missing),
  ]
  const isOpen = ({ regions }: Scope): boolean => regions.length === 0 && catalog.regions.length > 1 && someRegion.test(asked)
  const report = (scope: Scope): Question => {
    const month = named ?? catalog.lastMonth
    const about = { month, scope, notes: notesFor(month) }
    return isOpen(scope) ? { kind: 'which_region', about: 'report', ...about } : { kind: 'report', ...about }
  }
  const talkedAbout = previous !== undefined && 'month' in previous ? previous.month : catalog.lastMonth
  const month = named ?? talkedAbout
  const notes = notesFor(month)

  if (sendWords.test(wanted)) {
    const scope = reportScopeOf(asked, catalog)
    const sent = isWhole(scope) && previous?.kind === 'report' ? previous.scope : scope
    return { kind: 'send', month, scope: sent, notes: otherMonths(month, held, missing) }
  }
  if (reportWords.test(asked)) return report(reportScopeOf(asked, catalog))
  const scope = scopeOf(asked, catalog)
  if (isOpen(scope)) return { kind: 'which_region', about: 'detail', month, scope, notes }
  if (!isWhole(scope)) return { kind: 'detail', month, scope, notes }
  if (summaryWords.test(asked)) return report(wholeScope)
  const by = dimensions.find(({ words }) => words.test(asked))?.by
  if (by !== undefined) return { kind: 'ranking', month, by, notes }
  if (named !== undefined && previous?.kind === 'detail' && elliptical.test(asked)) {
    return { kind: 'detail', month, scope: previous.scope, notes }
  }
  const aboutSales = !limits.offTopic && (named !== undefined || salesWords.test(asked))
  if (aboutSales || reportWords.test(wanted)) return report(wholeScope)
  return greeting.test(text) || helpWords.test(asked)
    ? { kind: 'help' }
    : { kind: 'unknown', notes: [...limits.notes, ...(limits.otherPeriod ? [`${monthsOnly}.`] : [])] }
}

/** The question once it is said which region is meant; `null` where the answer names none. */
export function inRegion({ about, scope, month, notes }: OpenQuestion, answer: string, catalog: Catalog): SettledQuestion | null {
  const regions = mentioned(answer, catalog.regions, 'part')
  if (regions.length > 0) return { kind: about, scope: { ...scope, regions }, month, notes }
  if (!allOfThem.test(answer)) return null
  return about === 'report' ? { kind: about, scope, month, notes } : { kind: 'ranking', by: 'region', month, notes }
}

const monthsOnly = 'I work by calendar month and not by day, week, quarter or year'

/** What to say about months that were named beside the one that the answer is about. */
function otherMonths(month: Month, held: readonly Month[], missing: readonly string[]): string[] {
  const comparedWith = [month, addMonths(month, -1), addMonths(month, -12)]
  const others = held.filter((each) => !comparedWith.includes(each)).map((each) => monthName(each))
  return [
    ...(others.length > 0 ? [`I answer for one month at a time: ask again for ${listed(others)}.`] : []),
    ...(missing.length > 0 ? [`The file has no sales for ${listed(missing, 'or')}.`] : []),
  ]
}

// A follow-up may speak about the report without asking for one: "in the report East fell".
const aboutReport = /\b(in|from|per|according to) (the|your|that|this) ((last|sales|monthly) )*(report|summary)\b/gi

const noReport =
  /\b(no|not|without|don['’]?t \w+|instead of|isn['’]t) (a|an|the|another|any|whole|full)( \w+)? report\b/gi

const reportWords = anyOf(String.raw`
  \w*reports? reporting write-?ups? \w*bericht rapport informe reporte relat[oó]rio`)

// Nobody else's address is known here.
const sendWords = /\b(send|forward|mail)\b.* to (the |our |all |my )*(managers|management)\b/i

const someRegion = /\b(my|our|one|a|the|this) (own |single |certain )?region\b(?! (with|that|which|where))/i

const allOfThem = anyOf('all every everything each any whole')

const summaryWords = anyOf(String.raw`
  summar(y|ies|ise|ize)\w* overview recap run-?down round-?up review analy[sz]e analysis analytics briefing
  brief_(me|us) debrief digest update dashboard statement insights? presentation highlights?
  recommend\w* write_up status`)

const salesWords = anyOf(String.raw`
  sales? sold sell(s|ing)? revenue turnover income earn(ed|ings)? results? figures numbers performance performing
  perform business kpis? trends? breakdown how_(did|do|are|were|have)_we year[-_]to[-_]date ytd`)

const dimensions: readonly { by: Dimension; words: RegExp }[] = [
  { by: 'region', words: anyOf('regions? regional regionally areas? territory territories where') },
  {
    by: 'product',
    words: anyOf('products? items? articles? assortment best[-_]?sell(er|ers|ing) what_(sold|sells|sell)'),
  },
  { by: 'channel', words: anyOf('channels?') },
]

const elliptical = /^\s*(and|what about|how about|same|also|in|for|then)\b/i

const greeting =
  /^\W*((hi|hello|hey|good (morning|afternoon|evening|day)|thanks?|thank you|thx|ok|okay|test|yo)( there)?\W*)?$/i

const helpWords = anyOf('help what_can_(you|i) who_are_you what_do_you_do how_does_this_work')
