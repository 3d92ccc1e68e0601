// The best node for each vacant slot of one group. Each placement changes one node (and, with `spread`, the classes that share its
// values). Slots without a past take the fast path; those with failures, claims or overdue candidates look at every node, because their
// scores are their own.

import type { SlotId } from '../crdt/ids.ts'
import { type Claim, hasEnded } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { holdsSlot, nodesOf } from './feasibility.ts'
import { type Group, addCopy } from './group.ts'
import type { History } from './history.ts'
import { type Overdue, isOverdue } from './pending.ts'
import { type Property, apartFrom, isFull } from './properties.ts'
import { failurePenalty } from './rank.ts'
import { hashText, pairHash } from './rendezvous.ts'
import type { ScoreBuckets } from './score-buckets.ts'
import { scoresFor } from './scores.ts'
import type { Spreading } from './spread.ts'
import { type Usage, holdAsk } from './usage.ts'

/** What a search knows of one slot. */
export interface Need {
  readonly slot: SlotId
  readonly claims: readonly Claim[]
  readonly history: History
  readonly overdue: Overdue
  readonly now: number
  /** Node indices, ascending: nobody else is asked. */
  readonly among?: readonly number[]
}

export interface Search {
  /** Index of the best node; −1: none is feasible. */
  best(need: Need): number
  /** The plan puts a copy there. */
  place(index: number): void
}

export function searchFor(group: Group, boards: Boards, usage: Usage): Search {
  const { feasible, spreading, buckets, refresh } = scoresFor(group, boards, usage)
  const properties = group.properties()
  const refreshAlike = (index: number): void => {
    for (const property of properties) for (const other of alike(property, feasible, index)) refresh(other)
  }
  return {
    best(need) {
      if (isPlain(need)) return bestPlain(need, boards, buckets, spreading)
      const own = properties.length === 0 ? [] : nodesOf(need.claims)
      const refreshOwn = (): void => own.forEach((node) => refreshAlike(boards.indexOf.get(node) ?? -1))
      const best = apartFrom(properties, own, boards, () => {
        refreshOwn()
        return bestOfAll(need, need.among ?? feasible, boards, buckets, spreading)
      })
      refreshOwn()
      return best
    },
    place(index) {
      holdAsk(usage, boards, index, group.ask)
      addCopy(group, index)
      spreading.placed(index)
      refresh(index)
      if (properties.some((property) => isFull(property, index))) refreshAlike(index)
    },
  }
}

/** Those that share a value with the node. */
function alike({ texts }: Property, feasible: Int32Array, index: number): Int32Array {
  const value = texts[index]
  return value === undefined ? feasible.subarray(0, 0) : feasible.filter((other) => texts[other] === value)
}

function isPlain(need: Need): boolean {
  return need.among === undefined && need.history.failures === 0 && need.overdue.size === 0 && need.claims.every(hasEnded)
}

function bestPlain(need: Need, boards: Boards, buckets: ScoreBuckets, spreading: Spreading): number {
  let highest = Number.NEGATIVE_INFINITY
  for (let c = 0; c < spreading.classCount; c++) {
    const top = buckets.top(c)
    if (top !== undefined) highest = Math.max(highest, top + spreading.boost(c))
  }
  const slotHash = hashText(need.slot)
  let best = -1
  let bestHash = -1
  for (let c = 0; c < spreading.classCount; c++) {
    const top = buckets.top(c)
    if (top === undefined || top + spreading.boost(c) !== highest) continue
    for (const index of buckets.nodesAt(c, top)) {
      const hash = pairHash(slotHash, boards.hashes[index] ?? 0)
      if (hash < bestHash || (hash === bestHash && index > best)) continue
      best = index
      bestHash = hash
    }
  }
  return best
}

/** Not overdue before overdue, then the score less this slot's failures there, then hash, then id. */
function bestOfAll(need: Need, nodes: Iterable<number>, boards: Boards, buckets: ScoreBuckets, spreading: Spreading): number {
  const slotHash = hashText(need.slot)
  let best = -1
  let [bestLate, bestScore, bestHash] = [1, Number.NEGATIVE_INFINITY, -1]
  for (const index of nodes) {
    const node = boards.ids[index]
    if (node === undefined || !buckets.has(index) || holdsSlot(need.claims, node)) continue
    const late = isOverdue(need.overdue, node, need.now) ? 1 : 0
    const score =
      buckets.scoreOf(index) + spreading.boost(spreading.classOf[index] ?? -1) - failurePenalty(need.history.failuresOn.get(node) ?? 0)
    const hash = pairHash(slotHash, boards.hashes[index] ?? 0)
    const order = bestLate - late || score - bestScore || hash - bestHash
    if (best >= 0 && order <= 0) continue
    best = index
    ;[bestLate, bestScore, bestHash] = [late, score, hash]
  }
  return best
}
