export { haltAfter, type HaltingAgent } from './haltAfter.ts'
export { type PageLife } from './life.ts'
export { renderReloadable, type Reloadable, type ReloadableOptions } from './renderReloadable.ts'
