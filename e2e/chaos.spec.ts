import { expect, test } from '@playwright/test'
import { openStage } from './chaos/stage.ts'

/** Enough to see that the machine works; `npm run chaos` plays as many as there is time for. */
const seeds = Array.from({ length: 15 }, (_, at) => at + 1)

for (const engine of ['chromium', 'firefox', 'webkit'] as const) {
  test(`whatever goes wrong in ${engine}, of ${seeds.length} answers nothing is lost, doubled or started twice`, async () => {
    test.setTimeout(300_000)
    const stage = await openStage(engine, 3)
    try {
      const left = [...seeds]
      const wrong: string[] = []
      await Promise.all(
        Array.from({ length: stage.width }, async () => {
          for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
            const result = await stage.play(seed)
            if (result.wrong !== null) wrong.push(result.wrong)
          }
        }),
      )
      expect(wrong).toEqual([])
    } finally {
      await stage.close()
    }
  })
}
