// placement: the plan from nothing for seeded pools and jobs, checked by a checker that shares no code with the planner; and the cost
// of one change in a settled pool, as a board pays it.

import { performance } from 'node:perf_hooks'
import type { NodeId } from '../crdt/ids.ts'
import type { View } from '../crdt/view.ts'
import { plan } from '../scheduler/plan.ts'
import type { Local } from '../scheduler/types.ts'
import type { BenchOptions } from './main.ts'
import { checkPlacement } from './placement/checker.ts'
import { type Shape, generateView } from './placement/generator.ts'
import { changeRows } from './placement/changes.ts'
import { rounded } from './lib/stats.ts'

const settledShape = 'pool of 1,000, 1,000 jobs of 10'
const shapes: readonly { readonly name: string; readonly shape: Shape; readonly isLong: boolean }[] = [
  { name: 'pool of 50, 100 jobs of 5', shape: { seed: 1, nodes: 50, jobs: 100, copiesPerJob: 5, fillPercent: 50 }, isLong: false },
  {
    name: settledShape,
    shape: { seed: 2, nodes: 1_000, jobs: 1_000, copiesPerJob: 10, fillPercent: 60 },
    isLong: false,
  },
  {
    name: '1,000 jobs of 1,000 on 5,000 nodes',
    shape: { seed: 3, nodes: 5_000, jobs: 1_000, copiesPerJob: 1_000, fillPercent: 80 },
    isLong: true,
  },
  {
    name: '2,000 jobs of 1,000 on 6,100 nodes',
    shape: { seed: 4, nodes: 6_100, jobs: 2_000, copiesPerJob: 1_000, fillPercent: 80 },
    isLong: true,
  },
]

export async function run({ quick }: BenchOptions): Promise<object> {
  const rows: object[] = []
  for (const { name, shape, isLong } of shapes) {
    if (quick && isLong) continue
    const view = generateView(shape)
    const started = performance.now()
    const result = plan(view, localFor(view))
    const ms = performance.now() - started
    const placed = result.slots.flatMap((slot) => (slot.candidate === null ? [] : [{ slot: slot.slot, node: slot.candidate }]))
    const report = checkPlacement(view, placed)
    if (report.violations.length > 0) throw new Error(`the checker found: ${report.violations.join('; ')}`)
    const row = {
      shape: name,
      nodes: shape.nodes,
      copies: placed.length,
      wanted: result.slots.length,
      ms: rounded(ms),
      per_s: rounded((placed.length / ms) * 1000),
      nodes_used: report.nodesUsed,
      nodes_lower_bound: report.nodesLowerBound,
      rss_mb: rounded(process.memoryUsage.rss() / 1e6),
    }
    show(row, rows)
    if (name === settledShape) for (const row of changeRows(view)) show(row, rows)
  }
  return { rows }
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
