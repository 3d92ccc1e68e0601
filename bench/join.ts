// join: 5, 10 and 20 boards that start at the same moment, with nothing on their disks, as after a site's power cut: until every board
// sees every other alive, and what that cost a board. All share this machine's cores, so the CPU is the figure that holds elsewhere.

import { setTimeout as delay } from 'node:timers/promises'
import type { BenchOptions } from './main.ts'
import { type Agent, Fleet, aliveOn } from '../test/e2e/support/fleet.ts'
import { metric } from '../test/e2e/support/metrics.ts'
import { cpuSeconds } from './lib/proc.ts'
import { median, rounded } from './lib/stats.ts'

/** A bench that cannot end must say so; the time itself is what is measured. */
const limitMs = 300_000
/** Asking costs the cores that the boards need: one board after the other is asked until it has seen all, about so often. */
const askMs = 250
/** What joining leaves to be done (receipts, exchanges while things still change) counts as well: so long after the last board. */
const afterMs = 15_000

interface Joined {
  readonly aliveMs: number
  readonly cpuAlive: number
  readonly cpuAfter: number
  readonly sentBytes: number
  readonly connections: number
}

export async function run({ runs, quick }: BenchOptions): Promise<object> {
  const rows: object[] = []
  for (const [index, nodes] of (quick ? [5] : [5, 10, 20]).entries()) {
    const joined: Joined[] = []
    for (let at = 0; at < (runs ?? 1); at++) {
      joined.push(await once(nodes, 45_000 + 50 * index))
      console.error(`  ${nodes} boards: ${JSON.stringify(joined.at(-1))}`)
    }
    const middle = (pick: (one: Joined) => number, digits = 0): number => rounded(median(joined.map(pick)), digits)
    rows.push({
      nodes,
      all_alive_ms: middle((one) => one.aliveMs),
      cpu_s_per_board: middle((one) => one.cpuAlive, 2),
      cpu_s_per_board_15_s_later: middle((one) => one.cpuAfter, 2),
      sent_bytes_per_board: middle((one) => one.sentBytes),
      connections_per_board: middle((one) => one.connections),
    })
  }
  return { runs: runs ?? 1, rows }
}

async function once(nodes: number, firstPort: number): Promise<Joined> {
  const fleet = new Fleet()
  try {
    const address = (index: number): string => `/ip4/127.0.0.1/tcp/${firstPort + index}`
    await fleet.init([0, 1, 2].map(address))
    const agents = Array.from({ length: nodes }, (_, index) => fleet.prepare(`n${index}`, { listen: address(index) }))
    const started = performance.now()
    for (const agent of agents) fleet.launch(agent)
    for (const agent of agents) await seesAll(agent, nodes, started)
    const aliveMs = performance.now() - started
    const cpu = (): number => median(agents.map((agent) => cpuSeconds(agent.process.pid!)))
    const cpuAlive = cpu()
    await delay(afterMs)
    const cpuAfter = cpu()
    const figure = async (name: string): Promise<number> => median(await Promise.all(agents.map((agent) => metric(agent, name))))
    return { aliveMs, cpuAlive, cpuAfter, sentBytes: await figure('shoal_sent_bytes'), connections: await figure('shoal_connections') }
  } finally {
    await fleet.stop()
  }
}

async function seesAll(agent: Agent, nodes: number, started: number): Promise<void> {
  while ((await aliveOn(agent)).length < nodes) {
    if (performance.now() - started > limitMs) throw new Error(`${agent.name} does not see all: ${agent.log.slice(-2_000)}`)
    await delay(askMs)
  }
}
