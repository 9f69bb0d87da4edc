export { traced, type TracedOptions } from './telemetry/traced.ts'
