import { type ProxyContext } from '../context.ts'
import { createAlarm } from '../record/alarm.ts'

/** What a registry has not noted it is told again so soon, and then after twice as long each time, up to the cap. Milliseconds. */
const soonMs = 100
const capMs = 10_000
/** For so long. Milliseconds. */
const patienceMs = 300_000

/**
 * Tells the registry, and again later where it fails: an agent that is at work goes on meanwhile, and who has a token needs no
 * registry. Never rejects.
 */
export async function noted({ report }: Pick<ProxyContext, 'report'>, note: () => Promise<unknown>): Promise<void> {
  try {
    await note()
  } catch (error) {
    report(error, 'proxy')
    void notedLater(note)
  }
}

/** Resolves when it is noted, or given up. */
export async function notedLater(note: () => Promise<unknown>): Promise<void> {
  const { sleep } = createAlarm()
  const end = Date.now() + patienceMs
  for (let ms = soonMs; Date.now() < end; ms = Math.min(ms * 2, capMs)) {
    await sleep(ms)
    try {
      await note()
      return
    } catch {
      // Said once.
    }
  }
}
