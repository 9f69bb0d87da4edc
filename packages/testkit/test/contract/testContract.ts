import { agentContract, type AgentContractSubject } from '@rejoin/testkit/contract'
import { describe, it } from 'vitest'

/** The contract as tests, each with so much time. What the subject can not show is listed as skipped. */
export function testContract(subject: AgentContractSubject, timeoutMs = 20_000): void {
  const { cases, leftOut } = agentContract(subject)
  describe(`${subject.name}`, () => {
    // oxlint-disable vitest/expect-expect -- the cases assert by themselves
    for (const { name, run } of cases) it(name, run, timeoutMs)
    // It shows no row, so it names none.
    for (const { name, because } of leftOut) it.skipIf(because !== '')(`${name.replace(/ \(rows? .*\)$/, '')}: it ${because}`, () => {})
  })
}
