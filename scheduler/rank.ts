// The rank: how good a node is for a group, whatever else runs. It decides between copies after a heal, so it must not read
// usage, liveness, time or other slots: equal boards have equal rank.

import type { Affinity, GroupSpec, JobSpec } from '../crdt/spec.ts'
import type { Boards } from './boards.ts'
import { point, schedulerLimits as limits } from './limits.ts'

export function affinitiesOf(spec: JobSpec, group: GroupSpec): readonly Affinity[] {
  return [...spec.affinities, ...group.affinities, ...group.tasks.flatMap((task) => task.affinities)]
}

/** Affinities (−1..1 points: matched weights over all weights) and the operators' weight (−1..1). */
export function baseRank(affinities: readonly Affinity[], boards: Boards, index: number): number {
  return ranker(affinities, boards)(index)
}

/** The same for many nodes. */
export function ranker(affinities: readonly Affinity[], boards: Boards): (index: number) => number {
  const columns = affinities.map((affinity) => boards.column(affinity))
  let total = 0
  for (const { weight } of affinities) total += Math.abs(weight)
  return (index) => {
    const weight = (boards.nodes[index]?.weight ?? 0) * limits.weightPoints
    if (total === 0) return weight
    let matched = 0
    for (const [a, affinity] of affinities.entries()) if (columns[a]?.[index] === 1) matched += affinity.weight
    return weight + Math.trunc((point * matched) / total)
  }
}

/** What failures of this very slot on the node take off its rank. */
export function failurePenalty(failures: number): number {
  return limits.failurePoints * Math.min(failures, limits.failuresMax)
}
