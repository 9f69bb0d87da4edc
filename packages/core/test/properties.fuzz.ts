// The same properties, tried many times as often.
process.env.REJOIN_EFFORT ??= '50'

await import('./idbRunStore.damage.properties.test.ts')
await import('./reduce.properties.test.ts')
await import('./runStore.properties.test.ts')
await import('./sse.properties.test.ts')
await import('./wire.properties.test.ts')
