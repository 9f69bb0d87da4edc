import { type Fault, type FaultPlan } from './fault.ts'

/** A plan in one line, for the message of a test that failed under it. */
export function describePlan({ seed, requests }: FaultPlan): string {
  const each = requests.map((faults, at) => `${at + 1} ${describeFaults(faults)}`)
  return [`seed ${seed}`, ...each, 'then clean'].join(' · ')
}

/** What goes wrong with one request, in a few words. */
export function describeFaults(faults: readonly Fault[]): string {
  return faults.length === 0 ? 'clean' : faults.map(describeFault).join('+')
}

function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'split':
      return `split(${fault.sizes.join(',')})`
    case 'cut':
    case 'end':
      return `${fault.kind}@${fault.after}`
    case 'stall':
      return fault.after === null ? 'stall@headers' : `stall@${fault.after}`
    case 'error': {
      const after = fault.retryAfter === null ? '' : `,retry-after ${fault.retryAfter}`
      return `error(${fault.status} ${fault.body}${after}${fault.reached ? ',reached' : ''})`
    }
    case 'slow':
      return `slow(${fault.answerMs},${fault.chunkMs})`
    case 'duplicate':
      return `duplicate(${fault.keep})`
    case 'refuse':
    case 'lose':
    case 'unauthorized':
    case 'html':
    case 'repeat':
    case 'replay':
      return fault.kind
  }
}
