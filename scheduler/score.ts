// The score: rank plus what depends on everything else that runs. Integers in millionths of a point, so that every CPU gets
// the same; divisions are rounded towards zero at fixed places. Spread is added by `search.ts`, which keeps it by value.

import type { Boards } from './boards.ts'
import type { Group } from './group.ts'
import { point, schedulerLimits as limits } from './limits.ts'
import { ranker } from './rank.ts'
import type { Usage } from './usage.ts'

// 10^(i/10) in millionths: packing is Nomad's curve (facts b.2), drawn with straight lines between these points.
const powersOfTen = [
  1_000_000, 1_258_925, 1_584_893, 1_995_262, 2_511_886, 3_162_278, 3_981_072, 5_011_872, 6_309_573, 7_943_282, 10_000_000,
]
const step = point / 10

/** Everything of a node's score but spread and the failures of a single slot, for many nodes. */
export function scorer(group: Group, boards: Boards, usage: Usage): (index: number) => number {
  const rank = ranker(group.affinities, boards)
  const copies = group.copies()
  return (index) =>
    rank(index) +
    filling(group, boards, usage, index) -
    crowding(copies.get(index) ?? 0, group.group.count) +
    imageLocality(group, boards, index)
}

/** After the copy is placed: 0 (empty) to 1 point (full) where copies are packed, the other way round where they are spread. */
function filling(group: Group, { algorithm, capacity }: Boards, usage: Usage, index: number): number {
  const cpu = freePart(capacity.cpuMhz[index] ?? 0, (usage.cpuMhz[index] ?? 0) + group.ask.cpuMhz)
  const memory = freePart(capacity.memoryMib[index] ?? 0, (usage.memoryMib[index] ?? 0) + group.ask.memoryMib)
  const free = powerOfTen(cpu) + powerOfTen(memory)
  return Math.trunc((algorithm === 'spread' ? free - 2 * point : 20 * point - free) / 18)
}

function freePart(capacity: number, used: number): number {
  if (capacity <= 0 || used >= capacity) return 0
  return Math.trunc(((capacity - used) * point) / capacity)
}

function powerOfTen(part: number): number {
  const i = Math.min(9, Math.trunc(part / step))
  const low = powersOfTen[i] ?? 0
  const high = powersOfTen[i + 1] ?? 0
  return low + Math.trunc(((high - low) * (part - i * step)) / step)
}

/** Anti-affinity: (copies + 1) / count points once the node has a copy of the same group. */
function crowding(copies: number, count: number): number {
  return copies === 0 ? 0 : Math.trunc((point * (copies + 1)) / Math.max(1, count))
}

function imageLocality(group: Group, boards: Boards, index: number): number {
  if (group.images.length === 0) return 0
  const there = boards.nodes[index]?.images
  if (there === undefined || there.size === 0) return 0
  let found = 0
  for (const image of group.images) if (there.has(image)) found++
  return Math.trunc((limits.imagePoints * found) / group.images.length)
}
