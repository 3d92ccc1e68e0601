// `npm run sim -- --seeds 1..100`: runs seeded chaos and prints a line for every seed that breaks a rule.
// `--hashes` adds each seed's trace hash.
// `npm run sim -- --seed 7 [--verbose] [--shrink] [--flaw sync-frames-dropped]`: one seed, its timeline, its shortest failing plan.

import { drawPlan } from './chaos/draw.ts'
import { type Sight, sentenceOf, sometimes } from './chaos/invariants.ts'
import { type ChaosResult, runChaos } from './chaos/run.ts'
import { shrink } from './chaos/shrink.ts'
import { eventText } from './chaos/timeline.ts'
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
const failing: number[] = []
const sights = new Map<Sight, number>()
let [steps, virtualMs, hash] = [0, 0, 0]
const began = performance.now()
for (let seed = from; seed <= to; seed++) {
  const result = runChaos(drawPlan(seed), active)
  steps += result.steps
  virtualMs += result.virtualMs
  hash = (Math.imul(hash, 31) + Number.parseInt(result.traceHash, 16)) >>> 0
  for (const [sight, count] of result.sights) sights.set(sight, (sights.get(sight) ?? 0) + count)
  if (options.has('--verbose')) console.log(result.timeline().join('\n'))
  if (options.has('--verbose') || options.has('--hashes')) console.log(`seed ${seed} trace ${result.traceHash} after ${result.steps} steps`)
  if (result.violations.length > 0) tell(result)
}
summarise()
if (failing.length > 0) process.exitCode = 1

function tell(result: ChaosResult): void {
  const [first] = result.violations
  failing.push(result.seed)
  const others = result.violations.length > 1 ? ` (and ${result.violations.length - 1} more)` : ''
  console.log(`seed ${result.seed} breaks ${first!.rule} at ${(first!.at / 1_000).toFixed(3)} s: ${first!.what}${others}`)
  console.log(`  npm run sim -- --seed ${result.seed} --verbose${active.size > 0 ? ` --flaw ${[...active].join(',')}` : ''}`)
  if (!options.has('--shrink')) return
  console.log(`  ${first!.rule}: ${sentenceOf(first!.rule)}`)
  const least = shrink(drawPlan(result.seed), first!.rule, active)
  console.log(`  ${least.boards.length} boards, ${least.chaosMs / 1_000} s, ${least.events.length} events are enough:`)
  for (const event of least.events) console.log(`  ${(event.at / 1_000).toFixed(3).padStart(9)} ${eventText(event)}`)
  if (options.has('--verbose')) console.log(runChaos(least, active).timeline().join('\n'))
}

function summarise(): void {
  const seconds = (performance.now() - began) / 1_000
  const count = to - from + 1
  const unseen = (Object.keys(sometimes) as Sight[]).filter((sight) => !sights.has(sight))
  console.log(
    `seeds ${from}..${to}: ${failing.length} of ${count} break a rule${failing.length > 0 ? ` (${failing.join(', ')})` : ''}; ` +
      `${(virtualMs / 60_000).toFixed(0)} virtual minutes and ${steps} steps in ${seconds.toFixed(1)} s, ` +
      `${Math.round(steps / seconds)} steps a second; trace ${hash.toString(16).padStart(8, '0')}`,
  )
  console.log(
    [...sights]
      .toSorted()
      .map(([sight, times]) => `${sight} ${times}`)
      .join(', '),
  )
  if (unseen.length > 0) console.log(`never seen: ${unseen.join(', ')}`)
}
