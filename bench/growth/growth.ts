import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { servePage } from '../../e2e/servePage.ts'
import * as browsers from '../../scripts/browsers.mjs'
import { table } from '../table.ts'
import type { Growth } from './page/page.tsx'

interface Measured extends Growth {
  readonly updates: number
  /** Bytes of the database's files, once the browser is closed. */
  readonly disk: number
  /** Bytes of the page's heap that it has taken and kept, after a garbage collection. */
  readonly heap: number
}

const sizes = [3_000, 6_000, 12_000]

/** An answer that gets longer and longer, stored update by update: what is written, and what the page keeps, for each update of it. */
export async function run(): Promise<void> {
  const site = await servePage(join(import.meta.dirname, 'page'), { agentPath: '/none', handler: async () => new Response(null, { status: 404 }) })
  try {
    const measured: Measured[] = []
    for (const updates of sizes) measured.push(await measure(site.url, updates))
    console.log('\nAn answer of so many updates, 250 a second, each stored as it comes (Chromium).\n')
    console.log(
      table([
        ['updates', 'text kB', 'written kB', 'of the text', 'bytes an update', 'transactions', 'files kB', 'bytes an update', 'heap kB', 'bytes an update', 'text identical'],
        ...measured.map(rowOf),
      ]),
    )
    const [least, most] = [measured[0], measured.at(-1)]
    if (least === undefined || most === undefined) return
    const times = (of: (one: Measured) => number): string => (of(most) / of(least)).toFixed(2)
    console.log(
      `\n${times(({ updates }) => updates)} times the updates: ${times(({ text }) => text)} times the text, ${times(({ bytes }) => bytes)} times the bytes written, ` +
        `${times(({ transactions }) => transactions)} times the transactions, ${times(({ disk }) => disk)} times the files, ${times(({ heap }) => heap)} times the heap.`,
    )
    console.log(`To write the whole message with each of ${most.updates} updates would be ${kilobytes((most.text / 2) * most.updates)} kB.`)
  } finally {
    await site.close()
  }
}

/** In a browser of its own, so that its files are those of this answer alone. */
async function measure(url: string, updates: number): Promise<Measured> {
  const profile = mkdtempSync(join(tmpdir(), 'rejoin-growth-'))
  try {
    const context = await chromium.launchPersistentContext(profile, browsers.chromium)
    const page = await context.newPage()
    await page.goto(url)
    const devtools = await context.newCDPSession(page)
    const heapNow = async (): Promise<number> => {
      await devtools.send('HeapProfiler.collectGarbage')
      return (await devtools.send('Runtime.getHeapUsage')).usedSize
    }
    const before = await heapNow()
    const growth = await page.evaluate((count) => window.grow(count), updates)
    const heap = (await heapNow()) - before
    await context.close()
    const files = globSync(join(profile, '**/IndexedDB/**/*')).map((file) => statSync(file))
    return { ...growth, updates, heap, disk: files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) }
  } finally {
    rmSync(profile, { recursive: true, force: true })
  }
}

function rowOf({ updates, text, bytes, transactions, disk, heap, identical }: Measured): string[] {
  const each = (sum: number): string => (sum / updates).toFixed(0)
  return [
    String(updates),
    kilobytes(text),
    kilobytes(bytes),
    `${(bytes / text).toFixed(1)} times`,
    each(bytes),
    String(transactions),
    kilobytes(disk),
    each(disk),
    kilobytes(heap),
    each(heap),
    identical ? 'yes' : 'NO',
  ]
}

function kilobytes(bytes: number): string {
  return (bytes / 1_000).toFixed(0)
}
