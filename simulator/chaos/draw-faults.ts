// One fault, drawn: of the kinds that this run favours four times as often as of the others.

import type { Prng } from '../prng.ts'
import type { ChaosEvent, DrawnCode, Malice, Way } from './plan.ts'

type Without<T> = T extends unknown ? Omit<T, 'at'> : never
export type Happening = Without<ChaosEvent>

const weights: Readonly<Record<string, number>> = {
  cut: 8,
  flap: 2,
  'bad-links': 2,
  kill: 3,
  'power-cut': 4,
  'old-disk': 2,
  'disk-full': 2,
  driver: 2,
  crash: 3,
  clock: 1,
  pause: 2,
  blackout: 1,
  'torn-records': 2,
  clone: 1,
  'slow-link': 2,
  'slow-cpu': 2,
  'clock-rate': 2,
  address: 1,
  'slow-stops': 1,
  malice: 1,
}

/** What a run may favour. */
export const faultKinds: readonly string[] = Object.keys(weights)
const malices: readonly Malice[] = ['replay', 'forge', 'equivocate', 'claim-spam', 'false-capacity', 'usurp']
const codes: readonly DrawnCode[] = ['E_IMAGE_PULL', 'E_IMAGE_MISSING', 'E_PORT_IN_USE', 'E_CONFIG', 'E_DRIVER_DOWN', 'E_START']

export function drawFault(prng: Prng, names: readonly string[], favoured: ReadonlySet<string>): Happening {
  const kinds = Object.entries(weights).flatMap(([kind, weight]) => Array<string>(favoured.has(kind) ? 4 * weight : weight).fill(kind))
  const board = prng.pick(names)!
  const forMs = drawSpan(prng)
  switch (prng.pick(kinds)) {
    case 'flap':
      return { kind: 'flap', ...drawShape(prng, names), periodMs: 500 + prng.below(59_501), forMs }
    case 'bad-links':
      return { kind: 'bad-links', lossPercent: prng.below(31), duplicatePercent: prng.below(51), lateMs: prng.below(600), forMs }
    case 'kill':
      return { kind: 'kill', board, forMs: shorter(prng, forMs) }
    case 'power-cut':
      return {
        kind: 'power-cut',
        board,
        afterEffects: prng.chance(0.5) ? prng.below(6) : null,
        lostWrites: prng.below(4),
        forMs: shorter(prng, forMs),
      }
    case 'old-disk':
      return { kind: 'old-disk', board, ageMs: 1_000 + prng.below(120_000), isPowerCut: prng.chance(0.5), forMs: shorter(prng, forMs) }
    case 'disk-full':
      return { kind: 'disk-full', board, forMs }
    case 'driver':
      return { kind: 'driver', board, code: prng.pick(codes)!, phase: prng.pick(['prepare', 'start'] as const)!, forMs }
    case 'crash':
      return { kind: 'crash', board, nth: prng.below(3) }
    case 'pause':
      return { kind: 'pause', board, forMs: prng.chance(0.5) ? Math.min(forMs, 3_000) : forMs }
    case 'blackout':
      return { kind: 'blackout', forMs: shorter(prng, forMs) }
    case 'torn-records':
      return { kind: 'torn-records', board, records: 1 + prng.below(6), forMs: shorter(prng, forMs) }
    case 'clone':
      return { kind: 'clone', board, ageMs: 1_000 + prng.below(60_000), forMs }
    case 'slow-link':
      return { kind: 'slow-link', board, kbitPerS: prng.pick([1, 4, 16, 64])!, forMs }
    case 'slow-cpu':
      return { kind: 'slow-cpu', board, stepMs: prng.pick([5, 20, 60])!, forMs }
    case 'clock-rate':
      return { kind: 'clock-rate', board, ppm: prng.pick([-50_000, -10_000, 200, 10_000, 50_000])! }
    case 'address':
      return { kind: 'address', board }
    case 'slow-stops':
      return { kind: 'slow-stops', stopMs: prng.pick([500, 5_000, 20_000])!, forMs }
    case 'malice':
      return { kind: 'malice', board, how: prng.pick(malices)!, forMs: 2_000 + prng.below(60_000) }
    case 'clock':
      return { kind: 'clock', board, aheadMs: prng.pick([-600_000, 600_000, 30 * 86_400_000, -1_800_000_000_000])! }
    default:
      return { kind: 'cut', ...drawShape(prng, names), forMs }
  }
}

/** Mostly some seconds to a minute, sometimes several minutes, and now and then so short that hardly anybody notices. */
function drawSpan(prng: Prng): number {
  const most = prng.pick([1_000, 10_000, 30_000, 90_000, 90_000, 300_000])!
  return 200 + prng.below(most)
}

/** Agents are mostly back soon. */
function shorter(prng: Prng, forMs: number): number {
  return prng.chance(0.5) ? Math.min(forMs, 300 + prng.below(5_000)) : forMs
}

function drawShape(prng: Prng, names: readonly string[]): { readonly shape: string; readonly ways: readonly Way[] } {
  const mixed = prng.shuffle(names)
  const [a, b] = [mixed[0]!, mixed[1]!]
  const half = mixed.length >> 1
  switch (prng.below(6)) {
    case 0:
      return { shape: `${a}-${b}`, ways: both([a], [b]) }
    case 1:
      return { shape: `${a}>${b}`, ways: [[a, b]] }
    case 2:
      return { shape: `${a} alone`, ways: both([a], mixed.slice(1)) }
    case 3:
      return { shape: `${a} deaf`, ways: mixed.slice(1).map((name) => [name, a] as const) }
    case 4:
      return {
        shape: `${mixed.slice(0, half).join('+')}|${mixed.slice(half).join('+')}`,
        ways: both(mixed.slice(0, half), mixed.slice(half)),
      }
    default: {
      const ways = names.flatMap((from) => names.filter((to) => from < to && prng.chance(0.4)).flatMap((to) => both([from], [to])))
      return { shape: `${ways.length / 2} links`, ways }
    }
  }
}

export function both(left: readonly string[], right: readonly string[]): Way[] {
  return left.flatMap((a) => right.flatMap((b) => [[a, b] as const, [b, a] as const]))
}
