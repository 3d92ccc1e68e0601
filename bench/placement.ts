// placement: the plan from nothing for seeded pools and jobs, checked by a checker that shares no code with the planner; and the cost
// of one change in a settled pool, as a board pays it.

import { performance } from 'node:perf_hooks'
import type { NodeId } from '../crdt/ids.ts'
import type { View } from '../crdt/view.ts'
import { plan } from '../scheduler/plan.ts'
import type { Local } from '../scheduler/types.ts'
import type { BenchOptions } from './main.ts'
import { checkPlacement } from './placement/checker.ts'
import { type RackShape, type Shape, generateRacks, generateView } from './placement/generator.ts'
import { changeRows, lossRows } from './placement/changes.ts'
import { rounded } from './lib/stats.ts'

const clusterSizes = [500, 1_000, 5_000, 10_000]
const rackCounts = [25, 50, 75]
const copyCounts = [50, 300, 600, 900, 1_200]
const settledSizes = [1_000, 5_000, 10_000]

const settledShape = 'pool of 1,000, 1,000 jobs of 10'
const shapes: readonly { readonly name: string; readonly shape: Shape; readonly isLong: boolean }[] = [
  { name: 'pool of 50, 100 jobs of 5', shape: { seed: 1, nodes: 50, jobs: 100, copiesPerJob: 5, fillPercent: 50 }, isLong: false },
  {
    name: settledShape,
    shape: { seed: 2, nodes: 1_000, jobs: 1_000, copiesPerJob: 10, fillPercent: 60 },
    isLong: false,
  },
  {
    name: '1,000 jobs of 1,000 on 5,000 nodes in 5 classes',
    shape: { seed: 3, nodes: 5_000, jobs: 1_000, copiesPerJob: 1_000, fillPercent: 80, nodeClasses: 5 },
    isLong: true,
  },
  {
    name: '100,000 jobs of one on 10,000 nodes',
    shape: { seed: 5, nodes: 10_000, jobs: 100_000, copiesPerJob: 1, fillPercent: 80 },
    isLong: true,
  },
  {
    name: '2,000 jobs of 1,000 on 6,100 nodes',
    shape: { seed: 4, nodes: 6_100, jobs: 2_000, copiesPerJob: 1_000, fillPercent: 80 },
    isLong: true,
  },
  {
    name: 'the same, on equal nodes, without spread',
    shape: { seed: 4, nodes: 6_100, jobs: 2_000, copiesPerJob: 1_000, fillPercent: 80, isEven: true },
    isLong: true,
  },
  {
    name: '100,000 jobs of one on 10,000 equal nodes, without spread',
    shape: { seed: 5, nodes: 10_000, jobs: 100_000, copiesPerJob: 1, fillPercent: 80, isEven: true },
    isLong: true,
  },
]

export async function run({ quick }: BenchOptions): Promise<object> {
  const rows: object[] = []
  for (const { name, shape, isLong } of shapes) {
    if (quick && isLong) continue
    const view = generateView(shape)
    show({ shape: name, ...placed(view) }, rows)
    if (name === settledShape) for (const row of changeRows(view)) show(row, rows)
  }
  for (const nodes of quick ? settledSizes.slice(0, 1) : settledSizes)
    for (const row of lossRows(generateView({ seed: 6, nodes, jobs: nodes, copiesPerJob: 10, fillPercent: 60 }))) show(row, rows)
  for (const shape of rackShapes(quick)) show({ shape: 'one job on racks', ...shape, ...placed(generateRacks(shape)) }, rows)
  return { rows }
}

function rackShapes(quick: boolean): RackShape[] {
  const sizes = quick ? clusterSizes.slice(0, 1) : clusterSizes
  return sizes.flatMap((nodes) =>
    rackCounts.flatMap((racks) => copyCounts.flatMap((copies) => [false, true].map((isSpread) => ({ nodes, racks, copies, isSpread })))),
  )
}

/** From nothing, and held against the checker. */
function placed(view: View): object {
  const started = performance.now()
  const result = plan(view, localFor(view))
  const ms = performance.now() - started
  const copies = result.slots.flatMap((slot) => (slot.candidate === null ? [] : [{ slot: slot.slot, node: slot.candidate }]))
  const report = checkPlacement(view, copies)
  if (report.violations.length > 0) throw new Error(`the checker found: ${report.violations.join('; ')}`)
  return {
    nodes: view.nodes.size,
    copies: copies.length,
    wanted: result.slots.length,
    ms: rounded(ms),
    per_s: rounded((copies.length / ms) * 1000),
    nodes_used: report.nodesUsed,
    nodes_lower_bound: report.nodesLowerBound,
    spread_skew: report.spreadSkewMax,
    rss_mb: rounded(process.memoryUsage.rss() / 1e6),
  }
}

function show(row: object, rows: object[]): void {
  console.error(`  ${JSON.stringify(row)}`)
  rows.push(row)
}

function localFor(view: View): Local {
  const self = [...view.nodes.keys()][0] as NodeId
  return {
    self,
    now: 0,
    silentSince: new Map(),
    failedSince: new Map(),
    pending: new Map(),
    aloneSince: null,
    replacementsLastMinute: 0,
  }
}
