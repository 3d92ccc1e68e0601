// `npm run sim -- --seeds 1..100 [--workers 2] [--minutes 10]`: runs seeded chaos and prints a line for every seed that breaks a rule.
// `--minutes`: how long the chaos lasts, instead of the 3 to 10 that a seed draws. `--hashes` adds each seed's trace hash.
// `--rollouts`: also roll-outs that are paused, resumed and taken back.
// `--open`: seeds of `open-seeds.tsv` are told and do not count as red: faults that are known and not mended yet.
// `--sees-all`: red also when something that `sometimes` names was never seen.
// `npm run sim -- --seed 7 [--verbose] [--shrink] [--flaw sync-frames-dropped]`: one seed, its timeline, its shortest failing plan.
// `--keep NAME` writes that plan to `test/named-seeds/NAME.json`, where a test plays it for ever.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type SearchOptions, addResult, neverSeen, newSearch, searchSeed, shrunk, summaryLines, violationLines } from './chaos/search.ts'
import type { SeedResult } from './chaos/search.ts'
import type { Setting } from './chaos/own-jobs.ts'
import { playAll, workersOf } from './crew-main.ts'
import { type Flaw, flaws } from './flaws.ts'
import { nativeCrypto } from './native-crypto-main.ts'
import { readOptions, readRange, refuse } from './options-main.ts'

const options = readOptions({
  'seeds RANGE': 'seeds to run, such as 1..100 (1..20 unless told otherwise)',
  'seed N': 'one seed',
  'minutes N': 'how long the chaos lasts, instead of the 3 to 10 that a seed draws',
  'workers N': 'so many processes; with --seeds, --minutes and --hashes only',
  rollouts: 'also roll-outs that are paused, resumed and taken back',
  verbose: 'what happened, line by line',
  hashes: "each seed's trace hash",
  shrink: 'reduce a failing seed to the fewest faults that still break its rule',
  'keep NAME': 'with --shrink: write that plan to test/named-seeds/NAME.json',
  'story TEXT': 'with --keep: what it shows',
  open: 'seeds of open-seeds.tsv are told and do not count as red',
  'sees-all': 'never to have seen what the search must see is red, too',
  'flaw NAMES': `plant faults of the harness: ${flaws.join(', ')}`,
})
const active = new Set<Flaw>()
for (const name of (options.get('flaw') ?? '').split(',').filter((text) => text !== '')) {
  if (!(flaws as readonly string[]).includes(name)) refuse(`no flaw is called ${name}: ${flaws.join(', ')}`)
  active.add(name as Flaw)
}
const minutes = options.has('minutes') ? Number(options.get('minutes')) : null
const setting: Setting = { ...(minutes === null ? {} : { minutes }), ...(options.has('rollouts') ? { rollouts: true } : {}) }
const how: SearchOptions = { flaws: active, setting, crypto: nativeCrypto }
const [from, to] = readRange(options.get('seeds') ?? options.get('seed') ?? '1..20')
const search = newSearch()
const began = performance.now()

if (options.has('workers')) {
  if (active.size > 0 || options.has('verbose') || options.has('shrink') || options.has('rollouts'))
    refuse('--workers goes with --seeds, --minutes and --hashes only')
  const results: SeedResult[] = []
  const seeds = Array.from({ length: to - from + 1 }, (_, i) => ({ kind: 'seed', seed: from + i, minutes }) as const)
  await playAll(seeds, workersOf(options.get('workers')), ({ seed }, result) => {
    results[seed - from] = result
    tell(result)
  })
  for (const result of results) addResult(search, result)
} else {
  for (let seed = from; seed <= to; seed++) {
    const result = searchSeed(search, seed, how)
    if (options.has('verbose')) console.log(result.timeline().join('\n'))
    tell(result)
    if (result.violations.length === 0 || !options.has('shrink')) continue
    const least = shrunk(result, how)
    console.log(least.lines.join('\n'))
    if (options.has('verbose')) console.log(least.run().timeline().join('\n'))
    keep(least.plan, options.get('keep'), options.get('story'))
  }
}
console.log(summaryLines(search, from, to, (performance.now() - began) / 1_000).join('\n'))
const open = options.has('open') ? openSeeds() : new Map<string, string>()
const storyOf = (seed: number): string | undefined => open.get(`${seed} ${minutes ?? '-'}`)
for (const seed of search.failing) if (storyOf(seed) !== undefined) console.log(`STILL OPEN, seed ${seed}: ${storyOf(seed)}`)
const misses = options.has('sees-all') && neverSeen(search).length > 0
if (misses || search.failing.some((seed) => storyOf(seed) === undefined)) process.exitCode = 1

/** (seed, minutes) → what is wrong. */
function openSeeds(): ReadonlyMap<string, string> {
  const lines = readFileSync(new URL('open-seeds.tsv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
  return new Map(
    lines.map((line) => {
      const [seed, lasting, rule, story] = line.split('\t')
      return [`${seed} ${lasting}`, `${rule}: ${story}`]
    }),
  )
}

function tell(result: SeedResult): void {
  const { seed, traceHash, steps } = result
  if (options.has('verbose') || options.has('hashes')) console.log(`seed ${seed} trace ${traceHash} after ${steps} steps`)
  const flags = `${options.has('rollouts') ? ' --rollouts' : ''}${minutes === null ? '' : ` --minutes ${minutes}`}${active.size > 0 ? ` --flaw ${[...active].join(',')}` : ''}`
  const lines = violationLines(result, `npm run sim -- --seed ${seed} --verbose${flags}`)
  if (lines.length > 0) console.log(lines.join('\n'))
}

function keep(plan: ReturnType<typeof shrunk>['plan'], name: string | undefined, story = 'what it shows is to be told here'): void {
  if (name === undefined) return
  const file = fileURLToPath(new URL(`../test/named-seeds/${name}.json`, import.meta.url))
  writeFileSync(file, `${JSON.stringify({ story, plan }, null, 1)}\n`)
  console.log(`kept as ${name}`)
}
