import { proxiedSqliteSubject, sqliteSubject } from './contract/sqliteSubject.ts'
import { testContract } from './contract/testContract.ts'

testContract(sqliteSubject)
testContract(proxiedSqliteSubject)
