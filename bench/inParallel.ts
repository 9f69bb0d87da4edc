/** Does something with each of these, so many at once, in order. What it gives is in their order as well. */
export async function inParallel<Item, Result>(items: readonly Item[], atOnce: number, act: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const entries = items.entries()
  async function work(): Promise<void> {
    for (const [at, item] of entries) results[at] = await act(item)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}
