// In some runs faults end inside a core only: most boards of each pool, two at least. Those outside go on flapping, are cut, deaf, dead or
// back, for some minutes or to the end. From generators of its own: what happens before is drawn as it was before there was any core.

import { type Prng, createPrng } from '../prng.ts'
import { type Happening, both } from './draw-faults.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosEvent, ChaosPlan, Way } from './plan.ts'
import { fates } from './plan.ts'

interface Core {
  readonly core: NonNullable<ChaosPlan['core']>
  readonly events: readonly ChaosEvent[]
}

/** `all`: who leaves, or is sent away, is not counted on. */
export function drawCore(seed: number, pools: readonly Pool[], chaosMs: number, all: readonly ChaosEvent[]): Core | null {
  const prng = createPrng(Math.imul(seed, 0x510e527f) ^ 0x1f83d9ab).fork()
  if (!prng.chance(0.3)) return null
  const going = new Set(all.flatMap((event) => (isGoing(event) ? [event.board] : [])))
  const outside = pools.flatMap(({ names }) => drawOutside(prng, names, going))
  if (outside.length === 0) return null
  const inside = pools.flatMap(({ names }) => names).filter((name) => !outside.includes(name))
  const isRestless = prng.chance(0.4)
  const forMs = isRestless ? 480_000 + prng.below(240_000) : 60_000 + prng.below(240_000)
  const events = outside.flatMap((board) => drawUnrest({ prng, board, others: [...inside, ...outside], from: chaosMs, forMs }))
  const settled = outside.map((board) => ({ board, fate: prng.pick(fates)! }))
  return { core: { outside, untilMs: chaosMs + forMs, fates: isRestless ? null : settled }, events }
}

function isGoing(event: ChaosEvent): event is ChaosEvent & { readonly board: string } {
  const isEvicted = event.kind === 'node' && event.wish === 'evicted'
  return event.kind === 'leave' || event.kind === 'node-leave' || event.kind === 'node-replace' || isEvicted
}

/** So few that most of the pool and two that stay are inside. */
function drawOutside(prng: Prng, names: readonly string[], going: ReadonlySet<string>): string[] {
  const mixed = prng.shuffle(names)
  const most = Math.ceil(names.length / 2) - 1
  const outside = mixed.slice(0, most <= 0 ? 0 : 1 + prng.below(most))
  const staying = names.filter((name) => !outside.includes(name) && !going.has(name))
  return staying.length < 2 ? [] : outside
}

interface Unrest {
  readonly prng: Prng
  readonly board: string
  readonly others: readonly string[]
  readonly from: number
  readonly forMs: number
}

function drawUnrest({ prng, board, others, from, forMs }: Unrest): ChaosEvent[] {
  const rest = others.filter((name) => name !== board)
  const events: ChaosEvent[] = []
  if (prng.chance(0.6)) {
    const forAll = { shape: `${board} alone`, ways: drawWays(prng, board, rest) }
    events.push({ at: from + 1 + prng.below(5_000), kind: 'flap', ...forAll, periodMs: 500 + prng.below(59_501), forMs })
  }
  for (let count = 1 + prng.below(4); count > 0; count--)
    events.push({ at: from + 1 + prng.below(forMs), ...drawTrouble(prng, board, rest, forMs) })
  return events
}

function drawTrouble(prng: Prng, board: string, rest: readonly string[], most: number): Happening {
  const forMs = 300 + prng.below(prng.pick([3_000, 30_000, most])!)
  switch (prng.pick(['cut', 'cut', 'kill', 'power-cut', 'pause', 'slow-link', 'crash'] as const)!) {
    case 'kill':
      return { kind: 'kill', board, forMs }
    case 'power-cut':
      return { kind: 'power-cut', board, afterEffects: null, lostWrites: prng.below(4), forMs }
    case 'pause':
      return { kind: 'pause', board, forMs: Math.min(forMs, 30_000) }
    case 'slow-link':
      return { kind: 'slow-link', board, kbitPerS: prng.pick([4, 16, 64])!, forMs }
    case 'crash':
      return { kind: 'crash', board, nth: prng.below(3) }
    default:
      return { kind: 'cut', shape: `${board} cut off`, ways: drawWays(prng, board, rest), forMs }
  }
}

/** From all or some others, both ways or one. */
function drawWays(prng: Prng, board: string, rest: readonly string[]): readonly Way[] {
  const some = prng.chance(0.3) ? rest.slice(0, 1 + prng.below(rest.length)) : rest
  const way = prng.pick(['both', 'both', 'deaf', 'dumb'] as const)!
  if (way === 'both') return both([board], some)
  return some.map((name): Way => (way === 'deaf' ? [name, board] : [board, name]))
}
