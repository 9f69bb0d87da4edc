import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { reportSections } from '../agent/answer/report.ts'
import { generateSales } from '../agent/generateSales.ts'
import { salesFigures } from '../agent/sales/figures.ts'
import { readSales } from '../agent/sales/sale.ts'

const reportOf = (csv: string, month = '2026-10'): string => {
  const sales = readSales(csv, 'sales.csv')
  return reportSections(salesFigures(sales, month), { file: 'sales.csv', rows: sales.length }).join('')
}

/** The file read a second way, in floating point and without the agent's code: this is what the text is held against. */
interface Row {
  month: string
  region: string
  product: string
  channel: string
  units: number
  revenue: number
}

const rowsOf = (csv: string): Row[] =>
  csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [date = '', region = '', product = '', channel = '', units, , revenue] = [
        ...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g),
      ].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
      return { month: date.slice(0, 7), region, product, channel, units: Number(units), revenue: Number(revenue) }
    })

const sum = (rows: readonly Row[], pick: (row: Row) => number = ({ revenue }) => revenue): number =>
  rows.reduce((total, row) => total + pick(row), 0)

const euros = (amount: number): string => `€${Math.round(amount).toLocaleString('en-US')}`
const signedEuros = (amount: number): string => `${amount < 0 ? '−' : '+'}${euros(Math.abs(amount))}`
const percent = (ratio: number): string => `${(Math.abs(ratio) * 100).toFixed(1)}%`
const signedPercent = (now: number, before: number): string => `${now < before ? '−' : '+'}${percent(now / before - 1)}`
const upOrDown = (now: number, before: number): string => `${now < before ? 'down' : 'up'} ${percent(now / before - 1)}`

const namesBy = (rows: readonly Row[], key: 'region' | 'product' | 'channel'): string[] => [
  ...new Set(rows.map((row) => row[key])),
]

const sources: [string, () => Promise<string>][] = [
  ['the sample file', () => readFile(new URL('../data/sales.csv', import.meta.url), 'utf8')],
  ['another file', async () => generateSales({ seed: 20 })],
]

describe.each(sources)('the report of %s', (_, load) => {
  const prepare = async () => {
    const csv = await load()
    const all = rowsOf(csv)
    const of = (month: string): Row[] => all.filter((row) => row.month === month)
    return { all, of, now: of('2026-10'), before: of('2026-09'), yearAgo: of('2025-10'), report: reportOf(csv) }
  }

  it('states the revenue and what it was a month and a year before', async () => {
    const { now, before, yearAgo, report } = await prepare()
    expect(report).toContain(
      `Revenue in October 2026 came to **${euros(sum(now))}**, ` +
        `${upOrDown(sum(now), sum(before))} on September (${euros(sum(before))}) and ` +
        `${upOrDown(sum(now), sum(yearAgo))} on October 2025 (${euros(sum(yearAgo))}).`,
    )
  })

  it('places the month among the last twelve', async () => {
    const { all, of, now, report } = await prepare()
    const months = [...new Set(all.map(({ month }) => month))]
      .toSorted()
      .slice(-12)
      .map((month) => sum(of(month)))
    const average = months.reduce((total, revenue) => total + revenue, 0) / 12
    expect(months).toHaveLength(12)
    expect(Math.max(...months)).toBe(sum(now))
    expect(report).toContain(
      `It is the best of the last twelve months, ${percent(sum(now) / average - 1)} above their average of ${euros(average)}.`,
    )
  })

  it('adds the year up and compares it with the same months of the year before', async () => {
    const { all, report } = await prepare()
    const thisYear = sum(all.filter(({ month }) => month >= '2026-01' && month <= '2026-10'))
    const lastYear = sum(all.filter(({ month }) => month >= '2025-01' && month <= '2025-10'))
    expect(report).toContain(
      `From January to October 2026 revenue adds up to ${euros(thisYear)}, ` +
        `${upOrDown(thisYear, lastYear)} on the same months of 2025 (${euros(lastYear)}).`,
    )
  })

  it('counts orders and units, and says what an order came to', async () => {
    const { now, before, report } = await prepare()
    const orders = (rows: Row[]): Row[] => rows.filter(({ units }) => units > 0)
    const average = (rows: Row[]): string => euros(sum(orders(rows)) / orders(rows).length)
    const units = sum(now, (row) => row.units)
    const unitsBefore = sum(before, (row) => row.units)
    expect(report).toContain(
      `Customers placed ${orders(now).length} orders for ${average(now)} an order on average (September: ${average(before)}).`,
    )
    expect(report).toContain(
      `They bought ${percent(units / unitsBefore - 1)} ${units < unitsBefore ? 'fewer' : 'more'} units than in September ` +
        `(${units.toLocaleString('en-US')})`,
    )
    const value = sum(now) / units / (sum(before) / unitsBefore) - 1
    expect(report).toContain(`revenue per unit was ${percent(value)} ${value < 0 ? 'lower' : 'higher'}`)
  })

  it.each([
    ['region', 'Regional breakdown'],
    ['product', 'Product performance'],
  ] as const)('has a row for every %s, the largest first, and their total', async (key, heading) => {
    const { now, before, yearAgo, report } = await prepare()
    const parts = report.split(`## ${heading}\n\n`)[1]?.split('\n\n')[0]?.split('\n')
    const row = (label: string, fits: (row: Row) => boolean): string => {
      const own = now.filter(fits)
      const cells = [
        label,
        euros(sum(own)),
        percent(sum(own) / sum(now)),
        signedPercent(sum(own), sum(before.filter(fits))),
        signedPercent(sum(own), sum(yearAgo.filter(fits))),
        sum(own, ({ units }) => units).toLocaleString('en-US'),
      ]
      return `| ${cells.join(' | ')} |`
    }
    const revenueOf = (name: string): number => sum(now.filter((each) => each[key] === name))
    const names = namesBy(now, key).toSorted((a, b) => revenueOf(b) - revenueOf(a))
    expect(parts?.slice(2)).toEqual([
      ...names.map((name) => row(name, (each) => each[key] === name)),
      row('**Total**', () => true),
    ])
  })

  it('has a paragraph for every region', async () => {
    const { now, before, yearAgo, report } = await prepare()
    for (const region of namesBy(now, 'region')) {
      const of = (rows: Row[]): Row[] => rows.filter((row) => row.region === region)
      const [revenue, earlier, lastYear] = [sum(of(now)), sum(of(before)), sum(of(yearAgo))]
      const paragraph = report.split('\n\n').find((text) => text.startsWith(`**${region}** `)) ?? ''
      expect(paragraph).toContain(
        `${euros(revenue)}, ${upOrDown(revenue, earlier)} on September (${euros(earlier)}) and ` +
          `${upOrDown(revenue, lastYear)} on October 2025 (${euros(lastYear)}).`,
      )
      const products = namesBy(now, 'product').map((product) => {
        const part = (rows: Row[]): number => sum(of(rows).filter((row) => row.product === product))
        return { product, revenue: part(now), change: part(now) - part(before) }
      })
      const best = products.toSorted((a, b) => b.revenue - a.revenue)[0]
      const byChange = products.toSorted((a, b) => b.change - a.change)
      const gain = byChange[0]
      const loss = byChange.at(-1)
      expect(paragraph).toContain(best?.product)
      expect(paragraph).toContain(`with ${euros(best?.revenue ?? 0)}`)
      expect(paragraph).toContain(`${gain?.product} gained most on September (${signedEuros(gain?.change ?? 0)})`)
      expect(paragraph).toContain(`${loss?.product} lost most (${signedEuros(loss?.change ?? 0)})`)
    }
  })

  it('highlights the extremes', async () => {
    const { now, before, yearAgo, report } = await prepare()
    const regions = namesBy(now, 'region').map((name) => {
      const of = (rows: Row[]): number => sum(rows.filter(({ region }) => region === name))
      return { name, revenue: of(now), growth: of(now) / of(before), year: of(now) / of(yearAgo) }
    })
    const largest = regions.toSorted((a, b) => b.revenue - a.revenue)[0]
    const byGrowth = regions.toSorted((a, b) => b.growth - a.growth)
    const growth = (region: (typeof regions)[number] | undefined): string =>
      `${region?.name}, ${signedPercent(region?.growth ?? 0, 1)} on September and ${signedPercent(region?.year ?? 0, 1)} on October 2025.`
    expect(report).toContain(
      `- **Largest region:** ${largest?.name} with ${euros(largest?.revenue ?? 0)}, ${percent((largest?.revenue ?? 0) / sum(now))} of revenue.`,
    )
    expect(report).toContain(`- **Fastest region:** ${growth(byGrowth[0])}`)
    expect(report).toContain(`- **Slowest region:** ${growth(byGrowth.at(-1))}`)

    const products = namesBy(now, 'product')
      .map((name) => ({ name, revenue: sum(now.filter(({ product }) => product === name)) }))
      .toSorted((a, b) => b.revenue - a.revenue)
    const topThree = products.slice(0, 3).reduce((total, { revenue }) => total + revenue, 0)
    expect(report).toContain(`- **Best seller:** ${products[0]?.name} with ${euros(products[0]?.revenue ?? 0)}`)
    expect(report).toContain(`together make ${percent(topThree / sum(now))} of revenue.`)
  })

  it('finds the markets that gained and lost most, and recommends to act on them', async () => {
    const { now, before, report } = await prepare()
    const markets = namesBy(now, 'region')
      .flatMap((region) => namesBy(now, 'product').map((product) => ({ region, product })))
      .map(({ region, product }) => {
        const of = (rows: Row[]): number => sum(rows.filter((row) => row.region === region && row.product === product))
        return { region, product, now: of(now), before: of(before), change: of(now) - of(before) }
      })
      .toSorted((a, b) => b.change - a.change)
    const steps = [markets[0], markets.at(-1)].map(
      (market) =>
        `${market?.product} in ${market?.region}, from ${euros(market?.before ?? 0)} to ${euros(market?.now ?? 0)} ` +
        `(${signedEuros(market?.change ?? 0)}).`,
    )
    expect(report).toContain(`- **Biggest gain:** ${steps[0]}`)
    expect(report).toContain(`- **Biggest loss:** ${steps[1]}`)
    const loss = markets.at(-1)
    expect(report).toContain(`1. **Find out what held back ${loss?.product} in ${loss?.region}.**`)
    expect(report).toContain(`getting back to where it was is worth ${euros(-(loss?.change ?? 0))} a month.`)
    expect(report).toContain(`. **Keep ${markets[0]?.product} in stock in ${markets[0]?.region}.**`)
  })

  it('states the share of each channel and what refunds took back', async () => {
    const { now, before, yearAgo, report } = await prepare()
    for (const name of namesBy(now, 'channel')) {
      const share = (rows: Row[]): string => percent(sum(rows.filter(({ channel }) => channel === name)) / sum(rows))
      expect(report).toContain(`${name} ${share(now)} (${share(yearAgo)})`)
    }
    const refunds = now.filter(({ units }) => units < 0)
    const rate = (rows: Row[]): string =>
      percent(sum(rows.filter(({ units }) => units < 0)) / sum(rows.filter(({ units }) => units > 0)))
    expect(refunds.length).toBeGreaterThan(1)
    expect(report).toContain(
      `- **Refunds:** ${refunds.length} refunds for ${euros(-sum(refunds))}, ${rate(now)} of what was ordered, ` +
        `after ${rate(before)} in September.`,
    )
  })

  it('says how many rows it comes from', async () => {
    const { all, report } = await prepare()
    expect(report).toContain(`*From ${all.length.toLocaleString('en-US')} rows of sales.csv.`)
  })
})

describe('a report', () => {
  const header = 'date,region,product,channel,units,unit_price,revenue'
  const csv = (...rows: string[]): string => [header, ...rows].join('\n')

  it('has the sections that a reader expects, and takes about a minute to read', () => {
    const report = reportOf(generateSales({ seed: 7 }))
    expect(report.match(/^#.*$/gm)).toEqual([
      '# Sales report: October 2026',
      '## Executive summary',
      '## Key highlights',
      '## Regional breakdown',
      '## Product performance',
      '## Recommendations',
    ])
    expect(report.length).toBeGreaterThan(4500)
    expect(report.length).toBeLessThan(7500)
    expect(report.split('## Recommendations')[1]?.match(/^\d\. \*\*/gm)).toHaveLength(5)
  })

  it('is about the month that is asked for', () => {
    const data = generateSales({ seed: 7 })
    const march = rowsOf(data).filter(({ month }) => month === '2026-03')
    const report = reportOf(data, '2026-03')
    expect(report).toContain('# Sales report: March 2026')
    expect(report).toContain(`Revenue in March 2026 came to **${euros(sum(march))}**`)
    expect(report).toContain('on February (')
  })

  it('names the year of a month before where it is another one', () => {
    expect(reportOf(generateSales({ seed: 7 }), '2026-01')).toContain('on December 2025 (')
  })

  it('of a file with one month compares with nothing', () => {
    const report = reportOf(generateSales({ seed: 7, months: 1 }))
    expect(report).toContain('; the file holds no earlier month to compare with.')
    expect(report).toMatch(/^\| North \| €[\d,]+ \| [\d.]+% \| – \| – \| \d+ \|$/m)
    expect(report).not.toMatch(/NaN|Infinity|undefined|null/)
  })

  it('of a single sale is whole sentences', () => {
    const report = reportOf(csv('2026-10-01,North,Headset,Online,1,10.00,10.00'))
    expect(report).toContain('Customers placed 1 order for €10 an order on average.')
    expect(report).toContain('Nothing in these figures stands out enough to act on.')
    expect(report).not.toMatch(/NaN|Infinity|undefined|null/)
  })

  it('of a month with refunds only shows a negative revenue', () => {
    const report = reportOf(
      csv('2026-09-01,North,Headset,Online,1,10.00,10.00', '2026-10-01,North,Headset,Online,-2,10.00,-20.00'),
    )
    expect(report).toContain('came to **−€20**')
    expect(report).not.toMatch(/NaN|Infinity|undefined|null/)
  })

  it('tells a region that sold nothing from a month that is not in the file', () => {
    const report = reportOf(
      csv(
        '2026-09-01,North,Headset,Online,1,10.00,10.00',
        '2026-10-01,North,Headset,Online,1,15.00,15.00',
        '2026-10-01,South,Headset,Online,1,10.00,10.00',
      ),
    )
    expect(report).toContain('| North | €15 | 60.0% | +50.0% | – | 1 |')
    expect(report).toContain('**South** is the smallest region with €10, after nothing in September.')
  })

  it('adds cents up exactly', () => {
    const cents = Array.from({ length: 3000 }, () => '2026-10-01,North,Headset,Online,1,0.07,0.07')
    expect(reportOf(csv(...cents, '2026-10-01,North,Headset,Online,1,0.50,0.50'))).toContain('came to **€211**')
    expect(reportOf(csv(...cents, '2026-10-01,North,Headset,Online,1,0.49,0.49'))).toContain('came to **€210**')
  })

  it('does not depend on the order of the rows', () => {
    const [first = '', ...rows] = generateSales({ seed: 7 }).trim().split('\n')
    expect(reportOf([first, ...rows.toReversed()].join('\n'))).toBe(reportOf([first, ...rows].join('\n')))
  })

  it('does not depend on it where two are equal', () => {
    const rows = ['North', 'South', 'East'].map((region) => `2026-10-01,${region},Headset,Online,1,10.00,10.00`)
    expect(reportOf(csv(...rows.toReversed()))).toBe(reportOf(csv(...rows)))
  })

  it('keeps names from the file from being read as Markdown', () => {
    const report = reportOf(
      csv(
        '2026-10-01,North,![x](https://example.com/x.png),Online,2,10.00,20.00',
        '2026-10-01,South,a|b *c* <img>,Online,1,10.00,10.00',
      ),
    )
    expect(report).toContain('!\\[x\\](https://example.com/x.png)')
    expect(report).toContain('| a\\|b \\*c\\* \\<img> | €10 |')
  })
})
