// After a mass event a board replaces at most a tenth of the pool's slots a minute (DESIGN section 6): counted from what each board begins
// to wait for, or claims itself, and from who is silent there; the plan's own budget is not asked.

import type { NodeId, SlotId } from '../../crdt/ids.ts'
import { slotParts } from '../../crdt/ids.ts'
import type { Claim } from '../../crdt/view.ts'
import type { State } from '../../node/core/state.ts'
import { silentSince } from '../../node/core/liveness/liveness.ts'
import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import { claimOfLog, stands } from './replacements.ts'
import type { SeenStep } from './seen-step.ts'

const minuteMs = 60_000
/** More than a third of a pool, and one board's silence is never a mass event (`scheduler/limits.ts`). */
const massPart = 3
const massBoardsMin = 2
const pacedPart = 10

interface Known {
  readonly boots: number
  /** Slots that a board is waited for to claim. */
  readonly awaited: ReadonlySet<SlotId>
  /** When each replacement of the last minute began. */
  readonly begun: readonly number[]
}

export class Pacing {
  readonly #known = new WeakMap<Board, Known>()

  after({ board, state, effects, now }: SeenStep): Finding[] {
    const before = this.#known.get(board)
    const isSame = before?.boots === board.boots
    const awaited = new Set(state.pending.keys())
    const wasAwaited = isSame ? before.awaited : new Set<SlotId>()
    const claimed = effects.flatMap((effect) => (effect.kind === 'log' ? (claimOfLog(effect.message)?.slot ?? []) : []))
    const fresh = [...new Set([...awaited, ...claimed])].filter((slot) => {
      // Its own claim of a slot that it waits for is a copy that is to move, and one that it has just made is the replacement.
      const standing = claimed.includes(slot) ? others(state, slot) : everybody(state, slot)
      return !wasAwaited.has(slot) && isReplacement(state, slot, standing, now)
    })
    const recent = isSame ? before.begun.filter((time) => now - time < minuteMs) : []
    const begun = [...recent, ...fresh.map(() => now)]
    this.#known.set(board, { boots: board.boots, awaited, begun })
    if (fresh.length === 0 || !isMassEvent(state, now)) return []
    const most = Math.ceil(wantedCopies(state) / pacedPart)
    if (begun.length <= most) return []
    const what = `${board.spec.name} begins ${fresh.join(', ')}: ${begun.length} replacements within a minute, and may ${most}`
    return [{ rule: 'replacements-paced', what }]
  }
}

function everybody(state: State, slot: SlotId): readonly Claim[] {
  const stopped = state.view.jobs.get(slotParts(slot).job)?.wishes.get(slot)?.stopGeneration ?? 0
  return (state.view.claims.get(slot) ?? []).filter((claim) => stands(state, claim, stopped))
}

function others(state: State, slot: SlotId): readonly Claim[] {
  return everybody(state, slot).filter(({ node }) => node !== state.boot.config.self)
}

/** Those who hold it have all been silent for so long that they are replaced. Copies that follow the boards never are. */
function isReplacement({ view, liveness }: State, slot: SlotId, holders: readonly Claim[], now: number): boolean {
  const { job, group, node } = slotParts(slot)
  const wanted = view.jobs.get(job)?.spec?.groups.find((one) => one.name === group)
  if (wanted === undefined || node !== null) return false
  const since = silentSince(liveness)
  const isGivenUp = (id: NodeId): boolean =>
    view.nodes.get(id)?.liveness !== 'alive' && now - (since.get(id) ?? now) >= wanted.disconnect.replaceAfterMs
  return holders.length > 0 && holders.every((claim) => isGivenUp(claim.node))
}

function isMassEvent({ view, liveness }: State, now: number): boolean {
  const members = [...view.nodes.values()].filter((node) => !node.evicted && node.liveness !== 'left')
  const since = silentSince(liveness)
  const fell = members.flatMap(({ id, liveness: is }) => (is === 'alive' ? [] : [since.get(id) ?? now]))
  const most = Math.max(0, ...fell.map((first) => fell.filter((time) => time >= first && time - first <= minuteMs).length))
  return most >= massBoardsMin && most * massPart > members.length
}

function wantedCopies({ view }: State): number {
  let copies = 0
  for (const { spec, desired } of view.jobs.values()) if (desired === 'run') for (const { count } of spec?.groups ?? []) copies += count
  return copies
}
