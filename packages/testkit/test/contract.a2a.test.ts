import { silenced } from './a2a/rawClient.ts'
import { a2aSubject } from './contract/a2aSubject.ts'
import { behindProxy } from './contract/behindProxy.ts'
import { testContract } from './contract/testContract.ts'

silenced()

for (const subject of [a2aSubject(0), a2aSubject(0, false)]) {
  testContract(subject)
  testContract(behindProxy(subject))
}
