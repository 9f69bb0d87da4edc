/** Where two texts part, with a little around it. */
export function differenceOf(got: string, wanted: string): string {
  let at = 0
  while (at < got.length && got[at] === wanted[at]) at += 1
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 12), at + 24))
  return `${at} of ${wanted.length} (${got.length} shown): ${around(got)} instead of ${around(wanted)}`
}
