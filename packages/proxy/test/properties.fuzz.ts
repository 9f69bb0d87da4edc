// The same properties, tried many times as often.
process.env.REJOIN_EFFORT ??= '50'

await import('./token.properties.test.ts')
