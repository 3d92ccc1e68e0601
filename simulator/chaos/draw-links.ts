// Links that now and then take very long, and cuts that last for most of the chaos, in some runs; where there is a core, those of boards outside
// it last beyond. From generators of their own: what else happens is drawn as it was before there were any.

import { type Prng, createPrng } from '../prng.ts'
import { both } from './draw-faults.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosEvent, ChaosPlan, Way } from './plan.ts'

export function drawTails(seed: number, chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0xbb67ae85) ^ 0xa54ff53a).fork()
  if (!prng.chance(0.25)) return []
  return Array.from({ length: 1 + prng.below(3) }, (): ChaosEvent => {
    const perMille = prng.pick([1, 3, 10, 30])!
    const mostMs = prng.pick([10_000, 30_000, 60_000])!
    return {
      at: 12_000 + prng.below(chaosMs - 12_000),
      kind: 'tails',
      perMille,
      leastMs: 5_000,
      mostMs,
      forMs: 10_000 + prng.below(120_000),
    }
  })
}

export function drawLongCuts(seed: number, names: readonly string[], chaosMs: number, core: ChaosPlan['core']): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x1f83d9ab) ^ 0x9b05688c).fork()
  if (!prng.chance(0.25)) return []
  const at = 12_000 + prng.below(chaosMs >> 2)
  const left = chaosMs - at
  const inTime: ChaosEvent = { at, kind: 'long-cut', ...drawSides(prng, names), forMs: Math.ceil(left * (0.6 + prng.below(35) / 100)) }
  const board = prng.pick(core?.outside ?? [])
  if (core === undefined || board === undefined) return [inTime]
  const forMs = core.untilMs - at - prng.below(core.untilMs - chaosMs)
  return [{ ...inTime, shape: `${board} alone`, ways: both([board], others(names, board)), forMs }]
}

/** Two pools that do not hear one another when the fleet's own document changes: all that tells the other one later is a comparison. */
export function drawPoolsApart(seed: number, pools: readonly Pool[], events: readonly ChaosEvent[]): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x3c6ef372) ^ 0x510e527f).fork()
  const [one, two] = pools
  if (one === undefined || two === undefined || !prng.chance(0.7)) return []
  const changes = events.filter(({ kind }) => kind === 'key-grant' || kind === 'key-revoke')
  const apart = { shape: `${one.name}|${two.name}`, ways: both(one.names, two.names) }
  return changes.map(({ at }) => ({ at: at - 1_000, kind: 'long-cut', ...apart, forMs: 60_000 + prng.below(120_000) }))
}

/** Halves, one board alone, one deaf, or one link. */
function drawSides(prng: Prng, names: readonly string[]): { readonly shape: string; readonly ways: readonly Way[] } {
  const mixed = prng.shuffle(names)
  const [a, b] = mixed as [string, string]
  const half = mixed.length >> 1
  switch (prng.below(4)) {
    case 0:
      return { shape: `${a} alone`, ways: both([a], others(names, a)) }
    case 1:
      return { shape: `${a} deaf`, ways: others(names, a).map((name) => [name, a] as const) }
    case 2:
      return { shape: `${a}-${b}`, ways: both([a], [b]) }
    default:
      return {
        shape: `${mixed.slice(0, half).join('+')}|${mixed.slice(half).join('+')}`,
        ways: both(mixed.slice(0, half), mixed.slice(half)),
      }
  }
}

function others(names: readonly string[], board: string): string[] {
  return names.filter((name) => name !== board)
}
