// What operators wish about whole boards in some runs: one leaves for good, a new one takes the place of another, one drains but for
// system jobs. Each from a generator of its own, so that all else is drawn as it was before there was any of it.

import { isPerNode } from '../../crdt/spec.ts'
import { type Prng, createPrng } from '../prng.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosBoard, ChaosEvent } from './plan.ts'

/** `drawComing` takes one of a pool away, this one more: two stay. */
const leastToLeave = 4

export function drawLeaving(seed: number, pools: readonly Pool[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x7feb352d) ^ 0x1b873593).fork()
  const { names } = prng.pick(pools)!
  if (!prng.chance(0.4) || names.length < leastToLeave) return []
  const [via, board] = prng.shuffle(names) as [string, string]
  const deadlineMs = prng.pick([null, null, null, 0, 0, 30_000])!
  // A board that can hand its copies on does so within seconds.
  const forMs = prng.chance(0.4) ? 100 + prng.below(prng.pick([1_000, 5_000, 60_000])!) : null
  const at = 12_000 + prng.below(chaosMs - 12_000)
  // By another operator, who was told or who sees that it is still there.
  const again = prng.chance(0.2) ? [{ at: at + prng.below(60_000), via: prng.pick(names)! }] : []
  return [{ at, via }, ...again].map((one) => ({ kind: 'node-leave', ...one, board, deadlineMs, forMs }))
}

interface Replacing {
  /** They join later. */
  readonly boards: readonly ChaosBoard[]
  readonly events: readonly ChaosEvent[]
}

/** Mostly one board that has died; sometimes one that lives, and a second new one, in the place of the same or of the first new one. */
export function drawReplacing(seed: number, pools: readonly Pool[], chaosMs: number): Replacing {
  const prng = createPrng(Math.imul(seed, 0x68bc21eb) ^ 0x02e5be93).fork()
  const pool = prng.pick(pools)!
  if (!prng.chance(0.35)) return { boards: [], events: [] }
  const old = prng.pick(pool.names)!
  const at = 20_000 + prng.below(chaosMs - 20_000)
  const boards = [newBoard(prng, 'n0', pool.name)]
  const events = replacing(prng, { at, board: old, by: 'n0', vias: pool.names })
  if (prng.chance(0.5)) events.push(dying(prng, old, pool.names, at))
  if (prng.chance(0.25)) {
    boards.push(newBoard(prng, 'n1', pool.name))
    const later = at + prng.below(90_000)
    events.push(...replacing(prng, { at: later, board: prng.pick([old, 'n0'])!, by: 'n1', vias: pool.names }))
  }
  return { boards, events }
}

function newBoard(prng: Prng, name: string, pool: string): ChaosBoard {
  return { name, labels: { tier: prng.chance(0.5) ? 'fast' : 'slow' }, memoryMib: 2_048, pool }
}

interface Replacement {
  readonly at: number
  readonly board: string
  readonly by: string
  readonly vias: readonly string[]
}

/** The new board is known before, and may be off again by then. */
function replacing(prng: Prng, { at, board, by, vias }: Replacement): ChaosEvent[] {
  const events: ChaosEvent[] = [
    { kind: 'join', at: at - 3_000 - prng.below(15_000), board: by },
    { kind: 'node-replace', at, via: prng.pick(vias.filter((name) => name !== board))!, board, by },
  ]
  if (prng.chance(0.3)) events.push({ kind: 'kill', at: at - prng.below(5_000), board: by, forMs: 5_000 + prng.below(60_000) })
  return events
}

function dying(prng: Prng, board: string, names: readonly string[], replacedAt: number): ChaosEvent {
  // Soon after, nobody has replaced its copies yet.
  const at = Math.max(12_000, replacedAt - prng.below(prng.pick([3_000, 10_000, 60_000])!))
  return { kind: 'leave', at, board, via: prng.pick(names)!, evictAfterMs: replacedAt - at + 60_000 }
}

/** Where there is a job with a copy on each board. */
export function drawSparingDrains(seed: number, pools: readonly Pool[], chaosMs: number, events: readonly ChaosEvent[]): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x45d9f3b5) ^ 0x119de1f3).fork()
  if (!prng.chance(0.6)) return []
  const [run] = events.flatMap((event) => (event.kind === 'run' && isPerNode(event.spec) ? [event] : []))
  if (run === undefined) return []
  const { names } = pools.find((pool) => pool.names.includes(run.via))!
  const at = 40_000 + prng.below(chaosMs - 40_000)
  const forMs = prng.chance(0.6) ? 10_000 + prng.below(90_000) : null
  return [{ kind: 'node', at, via: prng.pick(names)!, board: prng.pick(names)!, wish: 'draining', sparesSystem: true, forMs }]
}
