import { eventLogContract } from './eventLogContract.ts'
import { registryContract } from './registryContract.ts'
import { openStore } from './sqlite/temporaryFile.ts'

eventLogContract('sqliteStore', () => openStore().log)
registryContract('sqliteStore', () => openStore().registry)
