/**
 * Applies a `diff` block as a reader would: finds the lines that are there, and makes of them what the block says. `@@`
 * stands between two places.
 * @throws Error where the lines are not there, or are there more than once
 */
export function applyChange(text: string, change: string): string {
  return change.split(/^@@.*\n/m).reduce((known, place) => {
    const lines = place.trimEnd().split('\n')
    const before = linesOf(lines, '-')
    const found = known.split(before).length - 1
    if (found !== 1) throw new Error(`A change needs these lines once, and they are there ${found} times:\n${before}`)
    return known.replace(before, () => linesOf(lines, '+'))
  }, text)
}

function linesOf(lines: readonly string[], sign: '-' | '+'): string {
  return lines
    .filter((line) => line.startsWith(' ') || line.startsWith(sign))
    .map((line) => `${line.slice(1)}\n`)
    .join('')
}
