/** What stands for an address where nothing better names it. */
export function hostOf(url: string): string {
  return (URL.canParse(url) && new URL(url).host) || url
}
