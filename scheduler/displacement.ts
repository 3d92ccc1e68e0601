// Room that is made: where no node has any left, the node on which a copy that may preempt does the least harm. What it displaces holds its
// room until its node says that it has ended, so the plan gives nothing of that to anybody else.

import { type Generation, type NodeId, type SlotId, compareText, slotParts } from '../crdt/ids.ts'
import { type Claim, type View, hasEnded } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { apartRejection, feasibleNodes, fixedRejections, holdsSlot, nodesOf, spaceRejection } from './feasibility.ts'
import type { Group } from './group.ts'
import { type Held, nothingHeld, plus } from './held.ts'
import { type Claimants, asksOf, heldBy } from './holdings.ts'
import { schedulerLimits as limits } from './limits.ts'
import { isOverdue } from './pending.ts'
import { ownerOf } from './per-node.ts'
import { awaitedBy, isLeaving, mayDisplace, preempts } from './preemption.ts'
import { apartFrom } from './properties.ts'
import { failurePenalty, ranker } from './rank.ts'
import { hashText, pairHash } from './rendezvous.ts'
import type { Need } from './search.ts'
import type { Usage } from './usage.ts'
import { type Copy, type Victims, chooseVictims, compareHarm } from './victims.ts'

type Slots = ReadonlyMap<SlotId, Generation>

/** What all groups of one plan share. */
export interface Displacing {
  readonly view: View
  readonly boards: Boards
  readonly claimants: Claimants
  readonly asks: ReturnType<typeof asksOf>
  /** The lowest priority of any job: whoever is not above it by enough need not look. */
  readonly lowest: number
  /** By node: what candidates of this plan displace. */
  readonly displaced: Map<number, Slots>
}

export interface Place {
  readonly index: number
  /** All that it waits for: those that go for it, and those that were going anyway. */
  readonly displaces: Slots
}

export interface Displacements {
  /** `keep`: a node that is waited for already. null: nobody may be displaced so that it helps. */
  best(need: Need, keep: NodeId | null): Place | null
  /** The plan puts a copy there. */
  place(place: Place): void
}

/** A node, as one group finds it. */
interface Site extends Place {
  readonly victims: Victims
}

export function displacingIn(view: View, boards: Boards, claimants: Claimants): Displacing {
  let lowest = Number.MAX_SAFE_INTEGER
  for (const { spec } of view.jobs.values()) lowest = Math.min(lowest, spec?.priority ?? lowest)
  return { view, boards, claimants, asks: asksOf(view), lowest, displaced: new Map() }
}

/** null: copies of this group displace nobody. */
export function displacementsFor(group: Group, displacing: Displacing, usage: Usage): Displacements | null {
  const { view, boards, lowest, displaced } = displacing
  if (!preempts(group.job, view) || group.spec.priority - lowest < limits.preemptionDelta) return null
  // What a node would have to bear is the same for every slot of the group until something is put there.
  const known = new Map<number, Site | null>()
  const siteAt = (index: number): Site | null => {
    const found = known.get(index)
    if (found !== undefined) return found
    const site = lookAt(index, group, displacing, usage)
    known.set(index, site)
    return site
  }
  const rank = ranker(group.affinities, boards)
  const rejects = fixedRejections(group, boards)
  return {
    best(need, keep) {
      const among = group.perNode ? [ownerOf(need.slot, boards)] : feasibleNodes(group, boards)
      const own = nodesOf(need.claims)
      const siteFor = (index: number): Site | null => {
        const id = boards.ids[index]
        if (id === undefined || holdsSlot(need.claims, id) || rejects(index) !== null) return null
        if (apartFrom(group.properties(), own, boards, () => apartRejection(group, index)) !== null) return null
        return siteAt(index)
      }
      const kept = keep === null ? null : siteFor(boards.indexOf.get(keep) ?? -1)
      return kept ?? leastHarm(among, siteFor, orderFor(need, boards, rank))
    },
    place({ index, displaces }) {
      displaced.set(index, new Map([...(displaced.get(index) ?? []), ...displaces]))
      known.delete(index)
    },
  }
}

/** Not overdue before overdue, then fewest failures of this slot, then the least harm, then rank, hash and id: lower is better. */
function orderFor(need: Need, boards: Boards, rank: (index: number) => number): (a: Site, b: Site) => number {
  const slotHash = hashText(need.slot)
  const doubts = ({ index }: Site): readonly number[] => {
    const node = boards.ids[index] as NodeId
    return [Number(isOverdue(need.overdue, node, need.now)), failurePenalty(need.history.failuresOn.get(node) ?? 0)]
  }
  const hash = ({ index }: Site): number => pairHash(slotHash, boards.hashes[index] ?? 0)
  return (a, b) => {
    const [lateA = 0, failedA = 0] = doubts(a)
    const [lateB = 0, failedB = 0] = doubts(b)
    return (
      lateA - lateB ||
      failedA - failedB ||
      compareHarm(a.victims, b.victims) ||
      rank(b.index) - rank(a.index) ||
      hash(b) - hash(a) ||
      a.index - b.index
    )
  }
}

function leastHarm(among: Iterable<number>, siteFor: (index: number) => Site | null, order: (a: Site, b: Site) => number): Site | null {
  let best: Site | null = null
  for (const index of among) {
    const site = siteFor(index)
    if (site !== null && (best === null || order(site, best) < 0)) best = site
  }
  return best
}

function lookAt(index: number, group: Group, displacing: Displacing, usage: Usage): Site | null {
  const { view, boards, claimants, asks, displaced } = displacing
  const node = boards.nodes[index]
  const claims = [...(claimants.get(boards.ids[index] as NodeId)?.values() ?? [])].filter((claim) => !hasEnded(claim))
  if (node === undefined) return null
  const awaited = new Map([...claims.flatMap((claim) => [...(awaitedBy(claim) ?? [])]), ...(displaced.get(index) ?? [])])
  const leaving = claims.filter((claim) => isLeaving(claim, awaited, view))
  const others = claims.filter((claim) => !leaving.includes(claim) && mayDisplace(claim, group.job.id, view))
  const copyOf = (claim: Claim): Copy => ({
    slot: claim.slot,
    generation: claim.generation,
    priority: view.jobs.get(slotParts(claim.slot).job)?.spec?.priority ?? 0,
    held: heldBy(node, [claim], asks),
  })
  const shortage = {
    freed: leaving.map((claim) => heldBy(node, [claim], asks)).reduce<Held>(plus, nothingHeld),
    ask: group.ask,
    isEnough: (freed: Held) => spaceRejection(group, boards, usage, index, freed) === null,
  }
  const victims = chooseVictims(others.map(copyOf), shortage)
  if (victims === null) return null
  const gone = [...leaving, ...victims.copies].sort((a, b) => compareText(a.slot, b.slot))
  return { index, victims, displaces: new Map(gone.map(({ slot, generation }) => [slot, generation])) }
}
