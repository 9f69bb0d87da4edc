import { type Benchmark } from './benchmark.ts'

/** Each is a folder of its own; loaded only when it is asked for. */
const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  comingBack: () => import('./comingBack/comingBack.ts'),
  growth: () => import('./growth/growth.ts'),
  tabs: () => import('./tabs/tabs.ts'),
}

const [name = '', ...args] = process.argv.slice(2)
const load = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined
if (load === undefined) {
  if (name !== '') console.error(`There is no benchmark ${JSON.stringify(name)}.`)
  console.error(`Usage: npm run bench -- NAME, where NAME is one of: ${Object.keys(benchmarks).join(', ')}`)
  process.exitCode = 1
} else {
  const { run } = await load()
  await run(args)
}
