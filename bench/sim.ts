// sim: the simulator itself, on one core: a pool that boots at once, takes ten copies a board, is split in halves for a minute and healed;
// and a fleet of 10,000 nodes in pools of twenty, two of which are played. CPU time, so that what runs beside it matters less.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nativeCrypto } from '../simulator/native-crypto-main.ts'
import { playFleet } from '../simulator/scale/fleet.ts'
import { playHalves } from '../simulator/scale/halves.ts'
import type { BenchOptions } from './main.ts'
import { rounded } from './lib/stats.ts'

const sizes = [10, 100, 1_000]
const copiesPerNode = 10

const fleetNodes = 10_000

export async function run({ quick }: BenchOptions): Promise<object> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Smallest first: what a row before holds still, or has given back to the allocator, hides what the next one takes.
  const ofFleet = measured(collect, fleet)
  const rows: object[] = []
  for (const nodes of quick ? sizes.slice(0, 2) : sizes) rows.push(measured(collect, (told) => halves(nodes, told)))
  return { sim: { rows: [...rows, ofFleet] } }
}

type Play = (told: (playedNodes: number) => void) => { readonly steps: number; readonly virtualMs: number; readonly row: object }

function halves(nodes: number, told: (playedNodes: number) => void): ReturnType<Play> {
  const copies = copiesPerNode * nodes
  const result = playHalves({
    nodes,
    copies,
    dials: 4,
    splitMs: 60_000,
    crypto: nativeCrypto,
    told: (part) => part === 'split' && told(nodes),
  })
  const ran = `boot, ${copies} copies, a minute in halves, heal`
  return {
    ...result,
    row: { nodes, ran, copies_while_split: result.copiesSplit, healed_virtual_ms: result.healedMs, rest_virtual_ms: result.restMs },
  }
}

function fleet(told: (playedNodes: number) => void): ReturnType<Play> {
  const result = playFleet({
    nodes: fleetNodes,
    poolNodes: 20,
    playedPools: 2,
    withinMs: 10 * 60_000,
    crypto: nativeCrypto,
    told: (boards) => told(boards.length),
  })
  const ran = `${result.pools} pools come up, ${result.playedNodes} nodes of them are played`
  return { ...result, row: { nodes: fleetNodes, ran } }
}

function measured(collect: () => void, play: Play): object {
  collect()
  const empty = inUse()
  const before = process.cpuUsage()
  let bytes = 0
  const { steps, virtualMs, row } = play((playedNodes) => {
    collect()
    bytes = (inUse() - empty) / playedNodes
  })
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / 1e6
  const whole = {
    ...row,
    cpu_s: rounded(seconds),
    virtual_s_per_s: rounded(virtualMs / 1_000 / seconds),
    events_per_s: Math.round(steps / seconds),
    bytes_per_node: Math.round(bytes),
  }
  console.error(JSON.stringify(whole))
  return whole
}

/** Bytes of JavaScript and of what it holds outside, that of Automerge included. */
function inUse(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
