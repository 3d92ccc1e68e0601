// `npm run sim:planted -- [--bug NAME,…] [--seeds 1..200] [--record] [--verbose]`: which seed catches each planted bug and each flaw
// of the harness. `--record` writes `test/seeds.json`: of the first few seeds that catch a bug the one that takes least time. `--keep`
// looks only for those whose recorded seed catches them no longer.

import { writeFileSync } from 'node:fs'
import { runChaos } from '../../simulator/chaos/run.ts'
import { drawPlan } from '../../simulator/chaos/draw.ts'
import { flaws } from '../../simulator/flaws.ts'
import { plantedBugs } from './bugs.ts'
import { type Planted, plant } from './load.ts'
import { type Recorded, recordFile, recorded } from './seeds.ts'

const options = new Map<string, string>()
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i]!
  options.set(name, ['--verbose', '--record', '--keep'].includes(name) ? 'yes' : (process.argv[++i] ?? ''))
}
const [from = 1, to = 200] = (options.get('--seeds') ?? '1..200').split('..').map(Number)
const wanted = options.get('--bug')?.split(',')
/** So many catching seeds are compared. */
const candidatesMax = Number(options.get('--candidates') ?? 3)

const runs: (readonly [string, () => Promise<Planted['runChaos']>])[] = [
  ...flaws.map(
    (flaw) => [flaw, async () => (plan: Parameters<typeof runChaos>[0]) => runChaos(plan, new Set([flaw]), { firstOnly: true })] as const,
  ),
  ...plantedBugs.map(
    (bug) =>
      [
        bug.name,
        async () => {
          const planted = await plant(bug)
          return (plan: Parameters<typeof runChaos>[0]) => planted.runChaos(plan, new Set(), { firstOnly: true })
        },
      ] as const,
  ),
]

const found = new Map<string, Recorded | null>()
for (const [name, load] of runs) {
  if (wanted !== undefined && !wanted.includes(name)) continue
  const run = await load()
  const before = recorded()[name]
  const kept = options.has('--keep') && before !== undefined ? run(drawPlan(before.seed)).violations[0] : undefined
  if (before !== undefined && kept !== undefined) {
    found.set(name, { seed: before.seed, rule: kept.rule })
    console.log(`${name}: seed ${before.seed} still, ${kept.rule}`)
    continue
  }
  let best: (Recorded & { readonly ms: number }) | null = null
  let count = 0
  const began = performance.now()
  let seed = from
  for (; seed <= to && count < candidatesMax; seed++) {
    const started = process.cpuUsage()
    const result = run(drawPlan(seed))
    const { user, system } = process.cpuUsage(started)
    const ms = (user + system) / 1_000
    const [first] = result.violations
    if (first === undefined) continue
    count += 1
    if (best === null || ms < best.ms) best = { seed, rule: first.rule, ms }
    if (options.has('--verbose')) console.log(`  ${name} seed ${seed} ${ms.toFixed(0)} ms ${first.rule} at ${first.at}: ${first.what}`)
  }
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  if (best === null) {
    console.log(`${name}: NOT CAUGHT by seeds ${from}..${to} (${seconds} s)`)
    found.set(name, null)
    process.exitCode = 1
    continue
  }
  console.log(`${name}: seed ${best.seed}, ${best.rule}, ${best.ms.toFixed(0)} ms (${count} of ${seed - from} seeds, ${seconds} s)`)
  found.set(name, { seed: best.seed, rule: best.rule })
}
if (options.has('--record')) {
  // Read again: others may have looked for other bugs meanwhile.
  const all = new Map<string, Recorded | null>([...Object.entries(recorded()), ...found])
  const entries = runs.flatMap(([name]) => (all.get(name) == null ? [] : [[name, all.get(name)]]))
  writeFileSync(recordFile, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`)
}
