// `npm run sim -- --seeds 1..100`: runs seeded chaos and prints a line for every seed that breaks a rule.
// `--hashes` adds each seed's trace hash.
// `npm run sim -- --seed 7 [--verbose] [--shrink] [--flaw sync-frames-dropped]`: one seed, its timeline, its shortest failing plan.

import { newSearch, searchSeed, shrunk, summaryLines, violationLines } from './chaos/search.ts'
import { type Flaw, flaws } from './flaws.ts'

const options = new Map<string, string>()
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i]!
  options.set(name, ['--verbose', '--shrink', '--hashes'].includes(name) ? 'yes' : (process.argv[++i] ?? ''))
}

const active = new Set<Flaw>()
for (const name of (options.get('--flaw') ?? '').split(',').filter((text) => text !== '')) {
  if (!(flaws as readonly string[]).includes(name)) throw new Error(`no flaw is called ${name}: ${flaws.join(', ')}`)
  active.add(name as Flaw)
}

const [from = 1, to = from] = (options.get('--seeds') ?? options.get('--seed') ?? '1..20').split('..').map(Number)
const search = newSearch()
const began = performance.now()
for (let seed = from; seed <= to; seed++) {
  const result = searchSeed(search, seed, { flaws: active })
  if (options.has('--verbose')) console.log(result.timeline().join('\n'))
  if (options.has('--verbose') || options.has('--hashes')) console.log(`seed ${seed} trace ${result.traceHash} after ${result.steps} steps`)
  if (result.violations.length === 0) continue
  const flawed = active.size > 0 ? ` --flaw ${[...active].join(',')}` : ''
  console.log(violationLines(result, `npm run sim -- --seed ${seed} --verbose${flawed}`).join('\n'))
  if (!options.has('--shrink')) continue
  const least = shrunk(result, { flaws: active })
  console.log(least.lines.join('\n'))
  if (options.has('--verbose')) console.log(least.run().timeline().join('\n'))
}
console.log(summaryLines(search, from, to, (performance.now() - began) / 1_000).join('\n'))
if (search.failing.length > 0) process.exitCode = 1
