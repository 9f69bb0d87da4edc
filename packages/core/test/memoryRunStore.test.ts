import { memoryRunStore } from '@rejoin/core'
import { runStoreContract } from './runStoreContract.ts'

let store = memoryRunStore()
runStoreContract(
  'memory run store',
  () => store,
  async () => {
    store = memoryRunStore()
  },
)
