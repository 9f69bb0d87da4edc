import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RejoinError, type ChatMessage } from '@rejoin/core'
import type { GeneratorContext, GeneratorItem } from '@rejoin/proxy'
import { countOf } from './answer/amount.ts'
import { detailSections } from './answer/detail.ts'
import { missingMonthText, helpText, unknownText } from './answer/help.ts'
import { escaped } from './answer/markdown.ts'
import { rankingSections } from './answer/ranking.ts'
import { receivedText } from './answer/received.ts'
import { reportSections } from './answer/report.ts'
import { versusSections } from './answer/versus.ts'
import { type Draft, draftIn, draftOf, writeDraft } from './draft.ts'
import { type Letter, sendReport } from './letter.ts'
import { addMonths, monthName } from './month.ts'
import { questionOf } from './question/conversation.ts'
import { inRegion, type OpenQuestion, type SettledQuestion } from './question/question.ts'
import { isWhole, partsOf, scopeName, within } from './question/scope.ts'
import { type Catalog, catalogOf } from './sales/catalog.ts'
import { salesFigures } from './sales/figures.ts'
import { readSale, type Sale } from './sales/sale.ts'
import { isSalesFileError, SalesFileError, short } from './sales/salesFileError.ts'
import { readTable } from './sales/salesTable.ts'
import { during, step, stepMs } from './step.ts'
import { type Pause, wait } from './wait.ts'

export interface SalesAgentOptions {
  /** The CSV file that the answers come from; it is read again for every question. */
  file: string | URL
  /** Sends a report. */
  send(letter: Letter): void
  /** How large a file is that came with a message, in bytes; `null` where this user has none at this address. */
  sizeOf(user: string | null, url: string): Promise<number | null>
  /** Stretches every wait: 1 writes a report in about a minute, 0 does not wait. @default 1 */
  pace?: number
}

type Context = Pick<GeneratorContext, 'messages' | 'runId' | 'user' | 'signal' | 'ask'> & Partial<Pick<GeneratorContext, 'left'>>

/**
 * Answers questions about a sales file: a report streamed as Markdown, or a follow-up about a region or product. It asks
 * which region is meant where that is open, and before it sends a report to anybody.
 *
 * The same conversation on the same file gives the same text. When the person stops it, it ends without an error; a
 * file that can't be used is an answer that says what to correct. It notes what it is about to write, so that it can
 * be called again when its process dies, and continues where it was; what it has asked before, it asks again.
 */
export async function* salesAgent(context: Context, options: SalesAgentOptions): AsyncGenerator<GeneratorItem, void, undefined> {
  const { messages, signal, left = null } = context
  const { file, pace = 1 } = options
  const name = basename(file instanceof URL ? fileURLToPath(file) : file)
  const pause: Pause = (ms) => wait(ms * pace, signal)
  try {
    const draft = draftIn(left?.checkpoint)
    if (draft) return yield* writeDraft(draft, left?.text.length ?? 0, pause)
    // What an earlier version of this program has begun to write it can not be known how to continue.
    if (left && left.text !== '') throw new RejoinError('interrupted')
    const sales = yield* readFileOfSales(file, name, { signal, pause })
    const catalog = catalogOf(sales, name)
    const received = await receive(messages.at(-1), catalog, context, options)
    let question = questionOf(messages, catalog)
    // A message that hands a file over need not ask anything.
    if (received.length > 0 && question.kind === 'unknown') question = { kind: 'help' }
    if (question.kind === 'which_region') question = await askRegion(question, catalog, context)
    const sections =
      question.kind === 'send'
        ? yield* sendReport(question, { key: context.runId, ask: context.ask, send: options.send, pause })
        : yield* think(question, { sales, catalog, pause })
    const whole = draftOf(question.kind === 'report' ? 'the report' : 'the answer', [...received, ...sections])
    yield { type: 'checkpoint', state: whole }
    yield* writeDraft(whole, 0, pause)
  } catch (error) {
    if (signal.aborted) return
    if (!isSalesFileError(error)) throw error
    yield step(error.code === 'malformed' ? 'check' : 'read', `Stopped: ${name} can’t be used`, 'done')
    const complaint = `${escaped(error.message)}\n\nI need this file for every answer. Ask again when it is corrected.\n`
    yield { type: 'checkpoint', state: { what: 'what is wrong', sections: [complaint] } satisfies Draft }
    yield complaint
  }
}

/** Waits in milliseconds at pace 1. */
const rowsMs = 350

const rowBatches = 8

/** More buttons than this are no help; other names are as good. */
const maxOptions = 8

/** Asks until it knows. Somebody who wants something else stops it. */
async function askRegion(question: OpenQuestion, catalog: Catalog, { ask }: Context): Promise<SettledQuestion> {
  const options = catalog.regions.slice(0, maxOptions)
  let prompt = 'Which region?'
  while (true) {
    const answer = await ask({ kind: 'input', prompt, options })
    const settled = inRegion(question, answer, catalog)
    if (settled) return settled
    prompt = `${catalog.file} has no region “${short(answer)}”. Which one is it?`
  }
}

async function receive(
  message: ChatMessage | undefined,
  { file }: Catalog,
  { user }: Context,
  { sizeOf }: SalesAgentOptions,
): Promise<string[]> {
  const parts = (message?.parts ?? []).filter((part) => part.type === 'file')
  const files = await Promise.all(parts.map(async ({ filename = 'a file', url }) => ({ name: filename, bytes: await sizeOf(user, url) })))
  const text = receivedText(files, file)
  return text === '' ? [] : [text]
}

async function* readFileOfSales(
  file: string | URL,
  name: string,
  { signal, pause }: { signal: AbortSignal; pause: Pause },
): AsyncGenerator<GeneratorItem, Sale[], undefined> {
  yield step('read', `Reading ${name}`, 'active')
  await pause(stepMs)
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
    await pause(rowsMs)
    sales.push(...table.rows.slice(sales.length, sales.length + batch).map((row) => readSale(row, table)))
  }
  yield step('check', label, 'done', total, total)
  return sales
}

/** Computes the answer, in the sections that it is written in. */
async function* think(
  question: Exclude<SettledQuestion, { kind: 'send' }>,
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

function unreadable(error: unknown, name: string): SalesFileError {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return missing
    ? new SalesFileError('not_found', `There is no ${name}. Write the sample again with: node agent/writeSales.ts`)
    : new SalesFileError('unreadable', `I’m not allowed to read ${name}, or it is not a file.`)
}
