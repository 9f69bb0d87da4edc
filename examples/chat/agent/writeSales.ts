// Writes the sample again: node agent/writeSales.ts
import { writeFile } from 'node:fs/promises'
import { generateSales, sampleSeed } from './generateSales.ts'

await writeFile(new URL('../data/sales.csv', import.meta.url), generateSales({ seed: sampleSeed }))
