export { a2aServer, type A2aRequest, type A2aServer, type A2aServerOptions } from './a2aServer.ts'
export { type A2aOutcome, type A2aPart, type A2aScript, type A2aStep, type A2aTaskScript } from './script.ts'
export { type A2aStoreDelays } from './taskStore.ts'
