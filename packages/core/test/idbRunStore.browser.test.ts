import { idbRunStore } from '@rejoin/core'
import { runStoreContract } from './runStoreContract.ts'

const user = 'contract'
runStoreContract('IndexedDB run store', () => idbRunStore(user), () => idbRunStore(user).purge())
