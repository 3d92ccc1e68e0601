// `node --import tsx simulator/link-spread-main.ts [--nodes 5,50] [--loss 0,10,30] [--seeds 3] [--scenario kill] [--set giveUpMsMin=2000] [--json]`
// Runs the scenarios of `link-spread.ts` and prints their worst row over the seeds. 1,000 nodes take many minutes and about 2 GB.

import { livenessLimits } from '../node/core/liveness/limits.ts'
import { type SpreadRow, scenarios } from './link-spread.ts'

const options = new Map<string, string>()
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i]!
  options.set(name, name === '--json' ? 'yes' : (process.argv[++i] ?? ''))
}

const numbers = (name: string, otherwise: string): number[] => (options.get(name) ?? otherwise).split(',').map(Number)
const limits: Record<string, number> = {}
for (const part of (options.get('--set') ?? '').split(',').filter((text) => text !== '')) {
  const [name = '', value = ''] = part.split('=')
  if (!(name in livenessLimits)) throw new Error(`no limit is called ${name}`)
  limits[name] = Number(value)
}

for (const nodes of numbers('--nodes', '5,50')) {
  for (const percent of numbers('--loss', '0,10,30')) {
    for (const name of Object.keys(scenarios)) {
      if (options.has('--scenario') && !options.get('--scenario')!.split(',').includes(name)) continue
      const rows: SpreadRow[] = []
      for (const seed of Array.from({ length: numbers('--seeds', '3')[0]! }, (_, i) => i + 1))
        rows.push(scenarios[name]!({ nodes, loss: percent / 100, seed, limits }))
      print(worst(rows))
    }
  }
}

function worst(rows: readonly SpreadRow[]): Record<string, unknown> {
  const row: Record<string, unknown> = { ...rows[0], runs: rows.length }
  for (const [figure, value] of Object.entries(rows[0]!)) {
    if (typeof value !== 'number' && value !== null) continue
    const values = rows.map((each) => each[figure])
    row[figure] = values.includes(null) ? null : Math.max(...values.map(Number))
    const middle = values.map((each) => (each === null ? Infinity : Number(each))).sort((a, b) => a - b)[values.length >> 1]
    if (figure.endsWith('Ms') && rows.length > 2) row[figure.replace('Ms', 'MedianMs')] = middle === Infinity ? null : middle
  }
  return row
}

function print(row: Record<string, unknown>): void {
  if (options.has('--json')) return console.log(JSON.stringify(row))
  const { scenario, nodes, loss, runs, ...figures } = row
  const words = Object.entries(figures).map(([name, value]) => `${name} ${String(value)}`)
  console.log(
    `${String(scenario).padEnd(10)} ${String(nodes).padStart(4)} nodes, ${Math.round(Number(loss) * 100)} % lost, ${String(runs)} runs: ${words.join(', ')}`,
  )
}
