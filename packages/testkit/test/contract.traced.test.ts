import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, describe } from 'vitest'
import { silenced } from './a2a/rawClient.ts'
import { a2aSubject } from './contract/a2aSubject.ts'
import { behindProxy } from './contract/behindProxy.ts'
import { fakeHolds } from './contract/fakeHolds.ts'
import { generatorSubject } from './contract/generatorSubject.ts'
import { openAISubject } from './contract/openAISubject.ts'
import { scriptedSubject } from './contract/scriptedSubject.ts'
import { testContract } from './contract/testContract.ts'
import { tracedSubject } from './contract/tracedSubject.ts'

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
afterAll(() => context.disable())

describe('in real time', () => {
  silenced()
  testContract(tracedSubject(a2aSubject(0)))
  testContract(tracedSubject(generatorSubject))
  testContract(behindProxy(tracedSubject(generatorSubject)))
})

describe('in fake time', () => {
  fakeHolds()
  for (const subject of [scriptedSubject, openAISubject('openai')].map(tracedSubject)) {
    testContract(subject)
    testContract(behindProxy(subject))
  }
})
