// `npm run sim:scale -- --nodes 100 --copies 1000`: a pool split in halves and healed, and what each part of it costs.
// `npm run sim:scale -- --fleet 10000`: a fleet of pools of twenty, two of them played, and what the others cost their boards.

import { nativeCrypto } from './native-crypto-main.ts'
import { playFleet } from './scale/fleet.ts'
import { playHalves } from './scale/halves.ts'

const options = new Map<string, string>()
for (let i = 2; i < process.argv.length; i += 2) options.set(process.argv[i]!, process.argv[i + 1] ?? '')
const fleet = options.get('--fleet')
if (fleet === undefined) halves(Number(options.get('--nodes') ?? 100))
else fleetOf(Number(fleet))

function halves(nodes: number): void {
  const copies = Number(options.get('--copies') ?? 10 * nodes)
  let before = process.cpuUsage()
  let reached = 0
  const result = playHalves({
    nodes,
    copies,
    dials: 4,
    splitMs: 60_000,
    crypto: nativeCrypto,
    told(part, world) {
      const virtual = ((world.queue.now - reached) / 1_000).toFixed(1)
      reached = world.queue.now
      const seconds = secondsSince(before).toFixed(1)
      console.log(`${part}: ${virtual} virtual s, ${seconds} s of CPU, ${kilobytesInUse(nodes)} kB a node`)
      before = process.cpuUsage()
    },
  })
  console.log(
    `${nodes} nodes, ${copies} copies: ${result.copiesSplit} ran while split; ${result.healedMs} ms after the heal each ran once and all boards ` +
      `named the same holders, after ${result.restMs} ms the pool was at rest; ${eventsIn(result.steps)}`,
  )
}

function fleetOf(nodes: number): void {
  const result = playFleet({
    nodes,
    poolNodes: 20,
    playedPools: 2,
    withinMs: 10 * 60_000,
    crypto: nativeCrypto,
    told: (boards) => console.log(`${kilobytesInUse(boards.length)} kB a played node`),
  })
  const { playedNodes, pools, steps, virtualMs } = result
  console.log(
    `${nodes} nodes in ${pools} pools, ${playedNodes} of them played for ${virtualMs / 1_000} virtual s: each heard of every pool; ${eventsIn(steps)}`,
  )
}

function secondsSince(before?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** JavaScript's memory and what it holds outside, that of Automerge included; what nobody holds any more is given back first. */
function kilobytesInUse(nodes: number): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return Math.round((heapUsed + external) / nodes / 1_000)
}

function eventsIn(steps: number): string {
  const seconds = secondsSince()
  return `${steps} events in ${seconds.toFixed(1)} s of CPU, ${Math.round(steps / seconds)} events a second`
}
