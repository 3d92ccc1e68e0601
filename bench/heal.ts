// heal: after cuts of 15 s and of 180 s during which both sides take jobs, from the heal until every board has the same view of all
// documents, and until every slot of every job has one running copy and no more.

import type { BenchOptions } from './main.ts'
import type { Agent } from '../test/e2e/support/fleet.ts'
import { aliveOn, allocsOf, ask, holders, until } from '../test/e2e/support/fleet.ts'
import { sleeper } from './lib/jobs.ts'
import { follow, startMesh } from './lib/mesh.ts'
import { operatorOf } from './lib/operator.ts'
import { median, percentile, rounded } from './lib/stats.ts'

const nodes = 5
const copies = 3

export async function run({ runs, quick }: BenchOptions): Promise<object> {
  const cuts =
    runs === null
      ? quick
        ? [15_000]
        : [15_000, 15_000, 15_000, 15_000, 15_000, 180_000, 180_000]
      : Array.from({ length: runs }, () => 15_000)
  const { fleet, agents } = await startMesh({ count: nodes, firstPort: 43_200 })
  const equal: number[] = []
  const surplus: number[] = []
  try {
    const operator = await operatorOf(fleet)
    const put = async (agent: Agent, name: string): Promise<void> => {
      await follow(
        agent,
        {
          method: 'doc.put',
          envelopes: await operator.prepare(agent, sleeper(name, copies, { replaceAfterMs: 2_000, partition: 'any' }), 'run'),
        },
        () => true,
      )
    }
    await put(agents[0]!, 'base')
    await until('the first job runs', 120_000, async () => Object.keys(await holders(agents[0]!, 'base')).length === copies)
    for (const [index, cutMs] of cuts.entries()) {
      const lost = agents[1 + (index % (nodes - 1))]!
      await until('all alive', 120_000, async () => (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === nodes))
      await follow(lost, { method: 'fault.cut', peers: null }, () => true)
      await put(lost, `there-${index}`)
      await put(agents[0]!, `here-${index}`)
      await new Promise((done) => setTimeout(done, cutMs))
      const started = performance.now()
      await follow(lost, { method: 'fault.cut', peers: [] }, () => true)
      await until(
        'equal',
        120_000,
        async () => new Set(await Promise.all(agents.map(heads))).size === 1 && (await aliveOn(lost)).length === nodes,
      )
      equal.push(performance.now() - started)
      await until('all jobs run, without surplus', 120_000, async () =>
        (await running(agents, cuts.length)).every(
          (slots) => new Set(slots).size === slots.length && slots.length === copies * (3 + 2 * index),
        ),
      )
      surplus.push(performance.now() - started)
      console.error(
        `  cut ${cutMs} ms: heads equal after ${Math.round(equal.at(-1)!)} ms, surplus stopped after ${Math.round(surplus.at(-1)!)} ms`,
      )
    }
  } finally {
    await fleet.stop()
  }
  return {
    runs: cuts.length,
    heads_equal_p50_ms: rounded(median(equal)),
    heads_equal_p99_ms: rounded(percentile(equal, 0.99)),
    heads_equal_max_ms: rounded(Math.max(...equal)),
    surplus_stopped_p50_ms: rounded(median(surplus)),
    surplus_stopped_max_ms: rounded(Math.max(...surplus)),
  }
}

/** The view's hash: equal heads and equal liveness give equal hashes. */
async function heads(agent: Agent): Promise<string> {
  return (await ask(agent, 'nodes', { method: 'node.list' })).coverage.view
}

async function running(agents: readonly Agent[], jobs: number): Promise<string[][]> {
  const names = ['base', ...Array.from({ length: jobs }, (_, index) => [`there-${index}`, `here-${index}`]).flat()]
  return await Promise.all(
    agents.map(async (agent) =>
      (await Promise.all(names.map((name) => allocsOf(agent, name))))
        .flat()
        .filter((alloc) => alloc.state === 'running')
        .map((alloc) => alloc.slot),
    ),
  )
}
