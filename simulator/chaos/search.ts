// Seeds one after another: what broke, what was seen, and how to have it again. Whoever calls prints it and reads the clock.

import type { Crypto } from '../../crdt/crypto.ts'
import type { Flaw } from '../flaws.ts'
import { drawPlan } from './draw.ts'
import type { ChaosPlan } from './plan.ts'
import type { Setting } from './own-jobs.ts'
import { type Sight, sentenceOf, sometimes } from './invariants.ts'
import { type ChaosResult, runChaos } from './run.ts'
import { shrink } from './shrink.ts'
import { eventText } from './timeline.ts'

/** What is searched: which flaws the harness has, and what is given instead of drawn. */
export interface SearchOptions {
  readonly flaws?: ReadonlySet<Flaw>
  readonly setting?: Setting
  /** One that hashes faster than `chaosCrypto` and gives the same. */
  readonly crypto?: Crypto
}

export interface Search {
  readonly failing: number[]
  readonly sights: Map<Sight, number>
  steps: number
  virtualMs: number
  /** Of all traces in order. */
  hash: number
}

export function newSearch(): Search {
  return { failing: [], sights: new Map(), steps: 0, virtualMs: 0, hash: 0 }
}

/** What is known of a seed once it has been played, also in another process. */
export interface SeedResult extends Omit<ChaosResult, 'sights' | 'timeline'> {
  readonly sights: Iterable<readonly [Sight, number]>
}

export function searchSeed(search: Search, seed: number, { flaws, setting, crypto }: SearchOptions = {}): ChaosResult {
  const result = runChaos(drawPlan(seed, setting), flaws, crypto === undefined ? {} : { crypto })
  addResult(search, result)
  return result
}

/** Seeds are added in their order, or the hash is another. */
export function addResult(search: Search, result: SeedResult): void {
  search.steps += result.steps
  search.virtualMs += result.virtualMs
  search.hash = mixHash(search.hash, result.traceHash)
  for (const [sight, count] of result.sights) search.sights.set(sight, (search.sights.get(sight) ?? 0) + count)
  if (result.violations.length > 0) search.failing.push(result.seed)
}

/** What `sometimes` names, and no seed has shown. */
export function neverSeen({ sights }: Search): Sight[] {
  return (Object.keys(sometimes) as Sight[]).filter((sight) => !sights.has(sight))
}

/** `text`: 8 hex digits. */
export function mixHash(hash: number, text: string): number {
  return (Math.imul(hash, 31) + Number.parseInt(text, 16)) >>> 0
}

/** 8 hex digits. */
export function hashText(hash: number): string {
  return hash.toString(16).padStart(8, '0')
}

/** `replay`: the command that runs this seed again. */
export function violationLines({ seed, violations }: SeedResult, replay: string): string[] {
  const [first] = violations
  if (first === undefined) return []
  const others = violations.length > 1 ? ` (and ${violations.length - 1} more)` : ''
  return [
    `seed ${seed} breaks ${first.rule} at ${(first.at / 1_000).toFixed(3)} s: ${first.what}${others}`,
    `  ${first.rule}: ${sentenceOf(first.rule)}`,
    `  ${replay}`,
  ]
}

/** The least that still breaks the first rule, as lines, and as a result whose timeline can be asked for. */
export function shrunk(
  { seed, violations }: ChaosResult,
  { flaws = new Set(), setting }: SearchOptions = {},
): { lines: string[]; plan: ChaosPlan; run: () => ChaosResult } {
  const least = shrink(drawPlan(seed, setting), violations[0]!.rule, flaws)
  const events = least.events.map((event) => `  ${(event.at / 1_000).toFixed(3).padStart(9)} ${eventText(event)}`)
  const head = `  ${least.boards.length} boards, ${least.chaosMs / 1_000} s, ${least.events.length} events are enough:`
  return { lines: [head, ...events], plan: least, run: () => runChaos(least, flaws) }
}

export function summaryLines(search: Search, from: number, to: number, seconds: number): string[] {
  const { failing, sights, steps, virtualMs, hash } = search
  const which = failing.length > 0 ? ` (${failing.join(', ')})` : ''
  const unseen = neverSeen(search)
  const seen = [...sights].toSorted().map(([sight, times]) => `${sight} ${times}`)
  return [
    `seeds ${from}..${to}: ${failing.length} of ${to - from + 1} break a rule${which}; ${(virtualMs / 60_000).toFixed(0)} virtual minutes and ` +
      `${steps} steps in ${seconds.toFixed(1)} s, ${Math.round(steps / seconds)} steps a second; trace ${hashText(hash)}`,
    seen.join(', '),
    ...(unseen.length > 0 ? [`never seen: ${unseen.join(', ')}`] : []),
  ]
}
