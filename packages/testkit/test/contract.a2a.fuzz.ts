import { silenced } from './a2a/rawClient.ts'
import { a2aSubject } from './contract/a2aSubject.ts'
import { behindProxy } from './contract/behindProxy.ts'
import { testContract } from './contract/testContract.ts'

// Slow, since its store is.
silenced()
testContract(a2aSubject(2), 60_000)
testContract(behindProxy(a2aSubject(2)), 60_000)
