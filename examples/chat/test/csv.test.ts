import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { generateSales, sampleSeed } from '../agent/generateSales.ts'
import { readSales } from '../agent/sales/sale.ts'
import { isSalesFileError } from '../agent/sales/salesFileError.ts'

const header = 'date,region,product,channel,units,unit_price,revenue'
const good = '2026-10-01,North,Headset,Online,2,89.90,179.80'

const file = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('')

const messageOf = (text: string): string => {
  try {
    readSales(text, 'sales.csv')
  } catch (error) {
    if (isSalesFileError(error)) return error.message
    throw error
  }
  return 'no error'
}

describe('the sample file', () => {
  it('is what the generator makes from its seed', async () => {
    const committed = await readFile(new URL('../data/sales.csv', import.meta.url), 'utf8')
    expect(committed).toBe(generateSales({ seed: sampleSeed }))
  })

  it('holds some thousand rows of two whole years', () => {
    const sales = readSales(generateSales({ seed: sampleSeed }), 'sales.csv')
    expect(sales.length).toBeGreaterThan(3000)
    const months = [...new Set(sales.map(({ date }) => date.slice(0, 7)))]
    expect(months).toHaveLength(24)
    expect([months[0], months.at(-1)]).toEqual(['2024-11', '2026-10'])
  })

  it('has refunds, and names that need quotes', () => {
    const sales = readSales(generateSales({ seed: sampleSeed }), 'sales.csv')
    expect(sales.some(({ units }) => units < 0)).toBe(true)
    const products = new Set(sales.map(({ product }) => product))
    expect(products).toContain('Desk lamp, brass')
    expect(products).toContain('Monitor arm 27"')
  })

  it('is different for another seed', () => {
    expect(generateSales({ seed: 1 })).not.toBe(generateSales({ seed: 2 }))
  })

  it('has the months that are asked for', () => {
    const sales = readSales(generateSales({ seed: 1, months: 2, lastMonth: '2025-01' }), 'sales.csv')
    expect([...new Set(sales.map(({ month }) => month))]).toEqual(['2024-12', '2025-01'])
  })
})

describe('reading a sales file', () => {
  it('reads amounts as whole cents', () => {
    expect(readSales(file(header, '2026-10-01,North,Headset,Online,-3,0.29,-0.87'), 'sales.csv')).toEqual([
      {
        date: '2026-10-01',
        month: '2026-10',
        region: 'North',
        product: 'Headset',
        channel: 'Online',
        units: -3,
        unitPrice: 29,
        revenue: -87,
      },
    ])
  })

  it('reads quoted commas, quotes and line breaks', () => {
    const row = '2026-10-01,North,"Lamp, ""old""\nbrass",Online,1,5.00,5.00'
    expect(readSales(file(header, row), 'sales.csv')[0]?.product).toBe('Lamp, "old" brass')
  })

  it.each([
    ['a byte order mark', `\uFEFF${file(header, good)}`],
    ['Windows line ends', `${header}\r\n${good}\r\n`],
    ['no line end after the last row', `${header}\n${good}`],
    ['empty lines', `${header}\n\n${good}\n\n`],
    ['spaces around fields', `${header.replaceAll(',', ' , ')}\n${good.replaceAll(',', ' , ')}\n`],
    ['upper case in the header', file(header.toUpperCase(), good)],
    ['one decimal', file(header, good.replace('89.90,179.80', '89.9,179.8'))],
  ])('accepts %s', (_, text) => {
    expect(readSales(text, 'sales.csv')).toEqual(readSales(file(header, good), 'sales.csv'))
  })

  it('accepts the columns in any order', () => {
    const text = file(
      'region,units,revenue,unit_price,date,channel,product',
      'North,2,179.80,89.90,2026-10-01,Online,Headset',
    )
    expect(readSales(text, 'sales.csv')).toEqual(readSales(file(header, good), 'sales.csv'))
  })
})

describe('a malformed sales file', () => {
  const row = (
    change: Partial<Record<'date' | 'region' | 'product' | 'units' | 'price' | 'revenue', string>>,
  ): string => {
    const fields = {
      date: '2026-10-02',
      region: 'North',
      product: 'Headset',
      units: '2',
      price: '89.90',
      revenue: '179.80',
    }
    const { date, region, product, units, price, revenue } = { ...fields, ...change }
    return file(header, good, [date, region, product, 'Online', units, price, revenue].join(','), good)
  }

  it.each([
    [
      'text for units',
      row({ units: 'abc' }),
      'line 3, column 5 (units): "abc" is not a whole number. Write units like 12',
    ],
    ['a fraction for units', row({ units: '1.5' }), 'line 3, column 5 (units): "1.5" is not a whole number.'],
    ['no units', row({ units: '' }), 'line 3, column 5 (units): the field is empty. Write units like 12'],
    ['a currency sign', row({ price: '€89.90' }), 'line 3, column 6 (unit_price): "€89.90" is not a price.'],
    ['a negative price', row({ price: '-89.90' }), 'line 3, column 6 (unit_price): "-89.90" is not a price.'],
    ['three decimals', row({ revenue: '179.801' }), 'line 3, column 7 (revenue): "179.801" is not an amount.'],
    [
      'a wrong product of the two',
      row({ revenue: '179.90' }),
      'line 3, column 7 (revenue): "179.90" is not units × unit_price (2 × 89.90 = 179.80).',
    ],
    [
      'a date in another form',
      row({ date: '02.10.2026' }),
      'line 3, column 1 (date): "02.10.2026" is not a date. Write dates like 2026-10-31.',
    ],
    ['a day that does not exist', row({ date: '2026-02-29' }), 'line 3, column 1 (date): "2026-02-29" is not a date.'],
    [
      'a month that does not exist',
      row({ date: '2026-13-01' }),
      'line 3, column 1 (date): "2026-13-01" is not a date.',
    ],
    ['an empty name', row({ region: '' }), 'line 3, column 2 (region): the field is empty.'],
    [
      'a very long name',
      row({ product: 'x'.repeat(81) }),
      `line 3, column 3 (product): "${'x'.repeat(39)}…" is not a name: it is too long.`,
    ],
    [
      'another encoding',
      row({ region: 'S\uFFFDd' }),
      'line 3, column 2: "S\uFFFDd" is not UTF-8 text. Save the file as UTF-8.',
    ],
    [
      'a comma without quotes',
      row({ product: 'Lamp, brass' }),
      'line 3, column 8: this field is one too many: the row has 8 fields instead of 7. Put text that has a comma in it in quotes',
    ],
    [
      'a short row',
      file(header, '2026-10-01,North,Headset'),
      'line 2, column 4 (channel): this field is missing: the row has 3 fields instead of 7.',
    ],
    [
      'a single word on a line',
      file(header, good, 'x'),
      'line 3, column 2 (region): this field is missing: the row has 1 field instead of 7.',
    ],
    ['an unclosed quote', row({ product: '"Headset' }), 'line 3, column 3: the quote that opens here is never closed.'],
    [
      'an unclosed quote in the first column',
      row({ date: '"2026-10-02' }),
      'line 3, column 1: the quote that opens here is never closed.',
    ],
    [
      'an unclosed quote before a quoted field',
      file(
        header,
        '2026-10-01,"North,Headset,Online,2,89.90,179.80',
        good,
        '2026-10-01,North,"Headset",Online,2,89.90,179.80',
      ),
      'line 2, column 2: the quote that opens here is never closed.',
    ],
    [
      'an unclosed quote after empty lines',
      file(header, good, '', '', '"2026-10-01,North'),
      'line 5, column 1: the quote that opens here is never closed.',
    ],
    ['text after a quote', row({ product: '"Head"set' }), 'line 3, column 3: there is text after the closing quote.'],
    [
      'a quote in the middle of text',
      row({ product: 'Arm 27"' }),
      'line 3, column 3: there is a quote in the middle of text.',
    ],
    [
      'a missing column',
      file(header.replace(',units', ''), good),
      'line 1, column 5 (units): the column "units" is missing. The first line has to be date,region,',
    ],
    [
      'an unknown column',
      file(`${header},discount`, good),
      'line 1, column 8 (discount): "discount" is not a column of a sales file.',
    ],
    ['a column without a name', file(`${header},`, good), 'line 1, column 8: this column has no name.'],
    [
      'a column that is there twice',
      file(`${header},units`, good),
      'line 1, column 8 (units): the column "units" is there twice.',
    ],
    ['no header', file(good, good), 'line 1, column 1 (2026-10-01): "2026-10-01" is not a column of a sales file.'],
    [
      'semicolons',
      file(header.replaceAll(',', ';'), good.replaceAll(',', ';')),
      'line 1, column 1: the columns are not separated by commas.',
    ],
    ['nothing in it', '', 'line 1, column 1: the file is empty. The first line has to be date,region,'],
    ['only empty lines in it', '\n\n', 'line 1, column 1: the file is empty.'],
    ['only a header', file(header), 'line 2, column 1 (date): there are no sales below the header.'],
  ])('with %s is refused with its line and column', (_, text, message) => {
    expect(messageOf(text)).toMatch(/^sales\.csv, line /)
    expect(messageOf(text).slice('sales.csv, '.length)).toContain(message)
  })

  it.each([
    ['\n', 6],
    ['\r\n', 6],
    ['\r', 6],
  ])('names the line of the file after quoted line breaks, with line end %j', (end, line) => {
    const text = [
      header,
      '2026-10-01,North,"Head\nset\nred",Online,2,89.90,179.80',
      good.replace('Online,2', 'Online,two'),
    ]
    expect(messageOf(text.join('\n').replaceAll('\n', end))).toContain(`sales.csv, line ${line - 1}, column 5 (units)`)
    const within = [header, good, good, '2026-10-01,North,"Head\nset\nred",Online,two,89.90,179.80']
    expect(messageOf(within.join('\n').replaceAll('\n', end))).toContain(`sales.csv, line ${line}, column 5 (units)`)
  })

  it('names the line on which a quoted field begins', () => {
    const text = file(header, '2026-10-01,North,Headset,Online,"1\n2",89.90,179.80')
    expect(messageOf(text)).toContain('line 2, column 5 (units): "1 2" is not a whole number.')
  })

  it('names the column of a file that has another order', () => {
    const text = file(
      'units,date,region,product,channel,unit_price,revenue',
      'abc,2026-10-01,North,Headset,Online,1.00,1.00',
    )
    expect(messageOf(text)).toContain('sales.csv, line 2, column 1 (units): "abc"')
  })
})
