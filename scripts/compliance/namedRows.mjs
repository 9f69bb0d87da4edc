const names = / \((?:row (\d+)|rows (\d+(?:, \d+)+))\)$/
const almostNames = /\(rows?\W*\d/i

/**
 * The rows that one title names at its end: "… (row 60)" or "… (rows 60, 61)".
 * @param {string} title of a test or of a describe around it
 * @returns {number[]} none where it names none
 * @throws where it means to name rows and is written in another way, which would count for nothing
 */
export function namedRows(title) {
  const [suffix = '', one, several] = names.exec(title) ?? []
  const rest = title.slice(0, title.length - suffix.length)
  if (almostNames.test(rest)) throw new Error(`Write (row 60) or (rows 60, 61), at the end: ${title}`)
  return (one ?? several)?.split(', ').map(Number) ?? []
}
