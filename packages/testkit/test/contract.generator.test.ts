import { behindProxy } from './contract/behindProxy.ts'
import { generatorSubject } from './contract/generatorSubject.ts'
import { testContract } from './contract/testContract.ts'

testContract(generatorSubject)
testContract(behindProxy(generatorSubject))
