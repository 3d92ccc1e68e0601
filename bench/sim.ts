// sim: the simulator itself, on one core: a pool that boots at once, takes ten copies a board, is split in halves for a minute and healed.
// CPU time, so that what runs beside it matters less.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { playHalves } from '../simulator/scale/halves.ts'
import type { BenchOptions } from './main.ts'
import { rounded } from './lib/stats.ts'

const sizes = [10, 100, 1_000]
const copiesPerNode = 10

export async function run({ quick }: BenchOptions): Promise<object> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const rows: object[] = []
  for (const nodes of quick ? sizes.slice(0, 2) : sizes) {
    collect()
    const empty = inUse()
    const before = process.cpuUsage()
    let bytes = 0
    const result = playHalves({
      nodes,
      copies: copiesPerNode * nodes,
      dials: 4,
      splitMs: 60_000,
      told(part) {
        if (part !== 'split') return
        collect()
        bytes = inUse() - empty
      },
    })
    const { user, system } = process.cpuUsage(before)
    const seconds = (user + system) / 1e6
    rows.push({
      nodes,
      ran: `boot, ${copiesPerNode * nodes} copies, a minute in halves, heal`,
      cpu_s: rounded(seconds),
      virtual_s_per_s: rounded(result.virtualMs / 1_000 / seconds),
      events_per_s: Math.round(result.steps / seconds),
      bytes_per_node: Math.round(bytes / nodes),
      copies_while_split: result.copiesSplit,
      healed_virtual_ms: result.healedMs,
    })
    console.error(JSON.stringify(rows.at(-1)))
  }
  return { sim: { rows } }
}

/** Bytes of JavaScript and of what it holds outside, that of Automerge included. */
function inUse(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
