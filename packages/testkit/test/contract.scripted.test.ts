import { behindProxy } from './contract/behindProxy.ts'
import { fakeHolds } from './contract/fakeHolds.ts'
import { scriptedSubject } from './contract/scriptedSubject.ts'
import { testContract } from './contract/testContract.ts'

fakeHolds()

testContract(scriptedSubject)
testContract(behindProxy(scriptedSubject))
