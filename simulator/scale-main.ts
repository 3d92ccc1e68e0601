// `npm run sim:scale -- --nodes 100 --copies 1000`: a pool split in halves and healed, and what each part of it costs.

import { playHalves } from './scale/halves.ts'

const options = new Map<string, string>()
for (let i = 2; i < process.argv.length; i += 2) options.set(process.argv[i]!, process.argv[i + 1] ?? '')
const nodes = Number(options.get('--nodes') ?? 100)
const copies = Number(options.get('--copies') ?? 10 * nodes)

let before = process.cpuUsage()
let reached = 0
const result = playHalves({
  nodes,
  copies,
  dials: 4,
  splitMs: 60_000,
  told(part, world) {
    const { user, system } = process.cpuUsage(before)
    before = process.cpuUsage()
    const { heapUsed, external } = process.memoryUsage()
    const virtual = ((world.queue.now - reached) / 1_000).toFixed(1)
    reached = world.queue.now
    const perNode = Math.round((heapUsed + external) / nodes / 1_000)
    console.log(`${part}: ${virtual} virtual s, ${((user + system) / 1e6).toFixed(1)} s of CPU, ${perNode} kB a node`)
  },
})
const { user, system } = process.cpuUsage()
const seconds = (user + system) / 1e6
console.log(
  `${nodes} nodes, ${copies} copies: ${result.copiesSplit} ran while split; ${result.healedMs} ms after the heal each ran once and all boards named ` +
    `the same holders; ${result.steps} events in ${seconds.toFixed(1)} s of CPU, ${Math.round(result.steps / seconds)} events a second`,
)
