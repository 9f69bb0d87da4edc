import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RejoinError, type ChatMessage, type ProgressStep } from '@rejoin/core'
import type { GeneratorContext, GeneratorItem } from '@rejoin/proxy'
import { countOf } from './answer/amount.ts'
import { detailSections } from './answer/detail.ts'
import { rankingSections } from './answer/ranking.ts'
import { versusSections } from './answer/versus.ts'
import { type Catalog, catalogOf } from './sales/catalog.ts'
import { chunks } from './chunks.ts'
import { salesFigures } from './sales/figures.ts'
import { helpText, missingMonthText, unknownText } from './answer/help.ts'
import { escaped } from './answer/markdown.ts'
import { addMonths, monthName } from './month.ts'
import { type Question, readQuestion } from './question/question.ts'
import { reportSections } from './answer/report.ts'
import { readSale, type Sale } from './sales/sale.ts'
import { isSalesFileError, SalesFileError } from './sales/salesFileError.ts'
import { readTable } from './sales/salesTable.ts'
import { isWhole, partsOf, scopeName, within } from './question/scope.ts'
import { wait } from './wait.ts'

export interface SalesAgentOptions {
  /** The CSV file that the answers come from; it is read again for every question. */
  file: string | URL
  /** Stretches every wait: 1 writes a report in about a minute, 0 does not wait. @default 1 */
  pace?: number
}

/**
 * Answers questions about a sales file: a report streamed as Markdown, or a follow-up about a region or product.
 *
 * The same conversation on the same file gives the same text. When the person stops it, it ends without an error; a
 * file that can't be used is an answer that says what to correct. It notes what it is about to write, so that it can
 * be called again when its process dies, and continues where it was.
 */
export async function* salesAgent(
  { messages, signal, left = null }: Pick<GeneratorContext, 'messages' | 'signal'> & Partial<Pick<GeneratorContext, 'left'>>,
  { file, pace = 1 }: SalesAgentOptions,
): AsyncGenerator<GeneratorItem, void, undefined> {
  const name = basename(file instanceof URL ? fileURLToPath(file) : file)
  const pause = (ms: number): Promise<void> => wait(ms * pace, signal)
  try {
    const draft = draftIn(left?.checkpoint)
    if (draft) return yield* write(draft, left?.text.length ?? 0, pause)
    // What an earlier version of this program has begun to write it can not be known how to continue.
    if (left && left.text !== '') throw new RejoinError('interrupted')
    const sales = yield* readFileOfSales(file, name, { signal, pause })
    const catalog = catalogOf(sales, name)
    const question = questionOf(messages, catalog)
    const sections = yield* think(question, { sales, catalog, pause })
    const whole: Draft = { what: question.kind === 'report' ? 'the report' : 'the answer', sections: ended(sections) }
    yield { type: 'checkpoint', state: whole }
    yield* write(whole, 0, pause)
  } catch (error) {
    if (signal.aborted) return
    if (!isSalesFileError(error)) throw error
    yield step(error.code === 'malformed' ? 'check' : 'read', `Stopped: ${name} can’t be used`, 'done')
    const complaint = `${escaped(error.message)}\n\nI need this file for every answer. Ask again when it is corrected.\n`
    yield { type: 'checkpoint', state: { what: 'what is wrong', sections: [complaint] } satisfies Draft }
    yield complaint
  }
}

type Pause = (ms: number) => Promise<void>

/** Waits in milliseconds at pace 1. */
const waits = { step: 900, rows: 350, section: 700, word: 47 }

const rowBatches = 8

async function* readFileOfSales(
  file: string | URL,
  name: string,
  { signal, pause }: { signal: AbortSignal; pause: Pause },
): AsyncGenerator<GeneratorItem, Sale[], undefined> {
  yield step('read', `Reading ${name}`, 'active')
  await pause(waits.step)
  const text = await readFile(file, { encoding: 'utf8', signal }).catch((error: unknown) => {
    throw signal.aborted ? error : unreadable(error, name)
  })
  yield step('read', `Reading ${name}`, 'done')

  yield step('check', `Checking the columns`, 'active')
  const table = readTable(text, name)
  const total = table.rows.length
  const label = `Checking ${countOf(total, 'row')}`
  const sales: Sale[] = []
  const batch = Math.ceil(total / rowBatches)
  while (sales.length < total) {
    yield step('check', label, 'active', sales.length, total)
    await pause(waits.rows)
    sales.push(...table.rows.slice(sales.length, sales.length + batch).map((row) => readSale(row, table)))
  }
  yield step('check', label, 'done', total, total)
  return sales
}

/** Computes the answer, in the sections that it is written in. */
async function* think(
  question: Question,
  { sales, catalog, pause }: { sales: readonly Sale[]; catalog: Catalog; pause: Pause },
): AsyncGenerator<GeneratorItem, string[], undefined> {
  if (question.kind === 'help') return [helpText(catalog)]
  if (question.kind === 'unknown') return [unknownText(question.notes, catalog)]
  if (question.kind === 'missing_month') return [missingMonthText(question.asked, catalog)]

  const { month } = question
  const notes = question.notes.length > 0 ? [`${question.notes.map(escaped).join(' ')}\n\n`] : []
  yield* during('add', `Adding up ${monthName(month)}`, pause)
  const earlier = [addMonths(month, -1), addMonths(month, -12)].filter((each) => catalog.months.includes(each))
  if (earlier.length > 0) {
    yield* during('compare', `Comparing with ${earlier.map((each) => monthName(each, month)).join(' and ')}`, pause)
  }
  const source = { sales, catalog, month }
  if (question.kind === 'detail') {
    const parts = partsOf(question.scope)
    const sections =
      parts.length > 0 ? versusSections(parts, question.scope, source) : detailSections(question.scope, source)
    return [...notes, ...sections]
  }
  if (question.kind === 'ranking') return [...notes, ...rankingSections(question.by, source)]

  yield* during('movers', 'Looking for what changed most', pause)
  const scope = isWhole(question.scope) ? undefined : scopeName(question.scope)
  const own = within(sales, question.scope)
  const figures = salesFigures(own, month, catalog.months)
  return [...notes, ...reportSections(figures, { file: catalog.file, rows: own.length, scope })]
}

/** What is going to be written. */
interface Draft {
  readonly what: string
  readonly sections: readonly string[]
}

/** `null` for what an earlier version of this program may have noted. */
function draftIn(checkpoint: unknown): Draft | null {
  if (typeof checkpoint !== 'object' || checkpoint === null || !('what' in checkpoint) || !('sections' in checkpoint)) return null
  const { what, sections } = checkpoint
  if (typeof what !== 'string' || !Array.isArray(sections)) return null
  return sections.every((section) => typeof section === 'string') ? { what, sections } : null
}

/** @param written so many characters of it are there already */
async function* write({ what, sections }: Draft, written: number, pause: Pause): AsyncGenerator<GeneratorItem> {
  const total = sections.length
  let at = 0
  for (const [index, section] of sections.entries()) {
    if (at + section.length <= written) {
      at += section.length
      continue
    }
    yield step('write', `Writing ${what}`, 'active', index, total)
    if (at >= written) await pause(waits.section)
    for (const chunk of chunks(section)) {
      const rest = chunk.slice(Math.max(0, written - at))
      at += chunk.length
      if (rest === '') continue
      await pause(waits.word)
      yield rest
    }
  }
  yield step('write', `Writing ${what}`, 'done', total, total)
}

/** The sections with one line break at the end instead of a paragraph's two. */
function ended(sections: readonly string[]): string[] {
  return sections.map((section, index) => (index === sections.length - 1 ? `${section.trimEnd()}\n` : section))
}

async function* during(id: string, label: string, pause: Pause): AsyncGenerator<GeneratorItem> {
  yield step(id, label, 'active')
  await pause(waits.step)
  yield step(id, label, 'done')
}

function step(id: string, label: string, state: ProgressStep['state'], value?: number, total?: number): GeneratorItem {
  return {
    type: 'progress',
    step: { id, label, state, ...(value !== undefined && total !== undefined && { value, total }) },
  }
}

function questionOf(messages: readonly ChatMessage[], catalog: Catalog): Question {
  const texts = messages
    .filter(({ role }) => role === 'user')
    .map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''))
  let question: Question = { kind: 'help' }
  let topic: Question | undefined
  for (const text of texts) {
    question = readQuestion(text, catalog, topic)
    // A "thanks" in between does not change what is talked about.
    if ('month' in question) topic = question
  }
  return question
}

function unreadable(error: unknown, name: string): SalesFileError {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return missing
    ? new SalesFileError('not_found', `There is no ${name}. Write the sample again with: node agent/writeSales.ts`)
    : new SalesFileError('unreadable', `I’m not allowed to read ${name}, or it is not a file.`)
}
