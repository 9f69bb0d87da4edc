import { afterEach, beforeEach, vi } from 'vitest'

/** Whatever is done to a page, neither React nor the engine has anything to complain of. */
export function noComplaints(): void {
  const said: unknown[] = []

  beforeEach(() => {
    for (const method of ['error', 'warn'] as const) {
      vi.spyOn(console, method).mockImplementation((...words) => void said.push(words))
    }
  })

  afterEach(() => {
    vi.restoreAllMocks()
    const complaints = said.splice(0)
    if (complaints.length > 0) throw new Error(`The console has ${JSON.stringify(complaints)}.`)
  })
}
