import { faultyAgent } from '@rejoin/testkit'
import { type AgentContractSubject } from '@rejoin/testkit/contract'
import { fakeHolds } from './contract/fakeHolds.ts'
import { scriptedSubject } from './contract/scriptedSubject.ts'
import { testContract } from './contract/testContract.ts'

fakeHolds()

const subject: AgentContractSubject = {
  name: 'a faulty agent with no faults',
  can: scriptedSubject.can,
  async create(answer) {
    const world = await scriptedSubject.create(answer)
    return { ...world, agent: faultyAgent(world.agent), again: () => faultyAgent(world.again()) }
  },
}

testContract(subject)
