import { type Fault, type FaultKind, type FaultPlan } from './fault.ts'
import { seededRandom, type SeededRandom } from './random.ts'

/** What a plan may hold. */
export interface FaultPlanOptions {
  /** What may go wrong. @default all `faultKinds` but `unauthorized`, after which an app has to sign in again */
  kinds?: readonly FaultKind[] | undefined
  /** No more requests than these meet a fault, so every run can end. @default 8 */
  requests?: number | undefined
  /** Streams break before this many bytes; small numbers are likelier. @default 8192 */
  bytes?: number | undefined
  /** No single delay is longer, in milliseconds. @default 3000 */
  delayMs?: number | undefined
}

/** Instead of an answer. */
const instead: readonly FaultKind[] = ['refuse', 'lose', 'error', 'unauthorized', 'html']
/** In the middle of one. */
const within: readonly FaultKind[] = ['cut', 'end', 'stall']
/** Beside any other. */
const beside: readonly FaultKind[] = ['slow', 'duplicate', 'split', 'repeat', 'replay']

/** Everything that can go wrong with a request. */
export const faultKinds: readonly FaultKind[] = [...instead, ...within, ...beside]

const statuses = [429, 500, 502, 503, 504] as const

/** What goes wrong, the same for the same seed and options. Plain data, so it can be kept and sent. */
export function faultPlan(seed: number, options: FaultPlanOptions = {}): FaultPlan {
  const { kinds = faultKinds.filter((kind) => kind !== 'unauthorized'), requests = 8, bytes = 8192, delayMs = 3_000 } = options
  const random = seededRandom(seed)
  const major = [...instead, ...within].filter((kind) => kinds.includes(kind))
  const minor = beside.filter((kind) => kinds.includes(kind))

  function some(): Fault[] {
    const chosen = minor.filter(() => random.chance(0.3))
    if (major.length > 0 && random.chance(0.8)) chosen.push(random.pick(major))
    else if (chosen.length === 0 && minor.length > 0) chosen.push(random.pick(minor))
    return chosen.map((kind) => faultOf(kind, random, bytes, delayMs))
  }

  const count = kinds.length === 0 ? 0 : random.int(1, requests)
  return { seed, requests: Array.from({ length: count }, () => (random.chance(0.1) ? [] : some())) }
}

function faultOf(kind: FaultKind, random: SeededRandom, bytes: number, delayMs: number): Fault {
  switch (kind) {
    case 'split':
      return { kind, sizes: random.chance(0.25) ? [1] : Array.from({ length: random.int(1, 6) }, () => random.int(1, 96)) }
    case 'cut':
    case 'end':
      return { kind, after: position(random, bytes) }
    case 'stall':
      return { kind, after: random.chance(0.2) ? null : position(random, bytes) }
    case 'error': {
      const status = random.pick(statuses)
      const retryAfter = random.chance(0.3) ? random.int(0, 3) : null
      return { kind, status, retryAfter, body: random.pick(['html', 'problem']), reached: random.chance(0.3) }
    }
    case 'slow':
      return { kind, answerMs: random.int(0, delayMs), chunkMs: random.int(0, Math.ceil(delayMs / 30)) }
    case 'duplicate':
      return { kind, keep: random.pick(['first', 'second']) }
    case 'refuse':
    case 'lose':
    case 'unauthorized':
    case 'html':
    case 'repeat':
    case 'replay':
      return { kind }
  }
}

/** As likely among the first ten bytes as among the next hundred: headers and first events break most often. */
function position(random: SeededRandom, bytes: number): number {
  return random.chance(0.1) ? 0 : Math.floor(bytes ** random.next())
}
