/**
 * The rows of the tables in docs/compliance.md: every table line whose first cell is a number.
 * @param {string} markdown
 * @returns {{ number: number, behaviour: string }[]} in the order of the document
 */
export function rowTable(markdown) {
  const rows = markdown.split('\n').flatMap((line) => {
    const [, number, behaviour] = /^\| (\d+) \| (.+?) \|/.exec(line) ?? []
    return number && behaviour ? [{ number: Number(number), behaviour }] : []
  })
  const twice = rows.find(({ number }, at) => rows.findIndex((row) => row.number === number) < at)
  if (twice) throw new Error(`Row ${twice.number} is in the table twice.`)
  return rows
}
