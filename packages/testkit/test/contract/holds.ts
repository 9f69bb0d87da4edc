/** Where runs stand still until somebody releases them. */
export interface Holds {
  /** For a run that begins: what it calls at each of its holds. */
  enter(): () => Promise<void>
  /** Opens the next hold of each run. */
  release(): void
  /** Opens all. */
  close(): void
}

interface Gate {
  passed: number
  opened: number
  wake(): void
}

export function createHolds(): Holds {
  const gates = new Set<Gate>()

  function open(count: number): void {
    for (const gate of gates) {
      gate.opened += count
      gate.wake()
    }
  }

  return {
    enter() {
      const gate: Gate = { passed: 0, opened: 0, wake() {} }
      gates.add(gate)
      return async () => {
        gate.passed += 1
        while (gate.passed > gate.opened) await new Promise<void>((resolve) => (gate.wake = resolve))
      }
    },
    release: () => open(1),
    close: () => open(Infinity),
  }
}
