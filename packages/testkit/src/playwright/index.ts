export { wireFixtures, type WireFixtures, type WireOptions } from './fixtures.ts'
export { type PassedRequest, type PassedRun } from './passed.ts'
export { type ReloadablePage, type WirePoint, type WireTurn } from './turns.ts'
export { createWire, type CreateWireOptions, type OfflineContext, type Wire } from './wire.ts'
