import { behindProxy } from './contract/behindProxy.ts'
import { sqliteSubject } from './contract/sqliteSubject.ts'
import { testContract } from './contract/testContract.ts'

testContract(sqliteSubject)
testContract(behindProxy(sqliteSubject))
