import { isRejoinError } from '@rejoin/core'
import { agentContract } from '@rejoin/testkit/contract'
import { AssertionError } from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { breakages as others } from './contract/breakages.ts'
import { generatorSubject } from './contract/generatorSubject.ts'
import { turnBreakages } from './contract/turnBreakages.ts'

const { cases } = agentContract(generatorSubject)
const breakages = [...others, ...turnBreakages]

describe('the contract fails with an agent that', () => {
  test.each(breakages)('$name', async ({ noticedBy, breakIt }) => {
    const broken = agentContract(
      {
        ...generatorSubject,
        async create(answer) {
          const world = await generatorSubject.create(answer)
          return { ...world, agent: breakIt(world.agent), again: () => breakIt(world.again()) }
        },
      },
      { patienceMs: 500 },
    )
    const [noticing, ...more] = broken.cases.filter(({ name }) => name.startsWith(noticedBy))
    expect(more).toEqual([])
    const failure: unknown = await noticing?.run().catch((error: unknown) => error)
    expect(failure).toSatisfy((error) => error instanceof AssertionError || isRejoinError(error))
  })
})

test('each case of the contract can fail', () => {
  const unbroken = cases.filter(({ name }) => !breakages.some(({ noticedBy }) => name.startsWith(noticedBy)))
  expect(unbroken.map(({ name }) => name)).toEqual([])
})
