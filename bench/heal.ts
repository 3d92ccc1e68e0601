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
const jobs = ['base', 'there', 'here']

export async function run({ runs, quick }: BenchOptions): Promise<object> {
  const cuts =
    runs === null
      ? quick
        ? [15_000]
        : [15_000, 15_000, 15_000, 15_000, 15_000, 180_000, 180_000]
      : Array.from({ length: runs }, () => 15_000)
  const healed: Healed[] = []
  for (const cutMs of cuts) {
    healed.push(await once(cutMs))
    const { equalMs, surplusMs } = healed.at(-1)!
    console.error(`  cut ${cutMs} ms: heads equal after ${Math.round(equalMs)} ms, surplus stopped after ${Math.round(surplusMs)} ms`)
  }
  const equal = healed.map(({ equalMs }) => equalMs)
  const surplus = healed.map(({ surplusMs }) => surplusMs)
  return {
    runs: cuts.length,
    heads_equal_p50_ms: rounded(median(equal)),
    heads_equal_p99_ms: rounded(percentile(equal, 0.99)),
    heads_equal_max_ms: rounded(Math.max(...equal)),
    surplus_stopped_p50_ms: rounded(median(surplus)),
    surplus_stopped_max_ms: rounded(Math.max(...surplus)),
  }
}

interface Healed {
  readonly equalMs: number
  readonly surplusMs: number
}

/** A mesh of its own for each cut: a second return within the hour is waited for longer on purpose (DESIGN 4). */
async function once(cutMs: number): Promise<Healed> {
  const { fleet, agents } = await startMesh({ count: nodes, firstPort: 23_200 })
  const [first, lost] = agents as [Agent, Agent]
  try {
    const operator = await operatorOf(fleet)
    const put = async (agent: Agent, name: string): Promise<void> => {
      const job = sleeper(name, copies, { replaceAfterMs: 2_000, partition: 'any' })
      await follow(agent, { method: 'doc.put', envelopes: await operator.prepare(agent, job, 'run') }, () => true)
    }
    await put(first, 'base')
    await until('the first job runs', 120_000, async () => Object.keys(await holders(first, 'base')).length === copies)
    await follow(lost, { method: 'fault.cut', peers: null }, () => true)
    await put(lost, 'there')
    await put(first, 'here')
    await new Promise((done) => setTimeout(done, cutMs))
    const started = performance.now()
    await follow(lost, { method: 'fault.cut', peers: [] }, () => true)
    await until(
      'equal',
      120_000,
      async () => new Set(await Promise.all(agents.map(heads))).size === 1 && (await aliveOn(lost)).length === nodes,
    )
    const equalMs = performance.now() - started
    await until('all jobs run, without surplus', 120_000, async () =>
      (await running(agents)).every((slots) => new Set(slots).size === slots.length && slots.length === copies * jobs.length),
    )
    return { equalMs, surplusMs: performance.now() - started }
  } finally {
    await fleet.stop()
  }
}

/** The view's hash: equal heads and equal liveness give equal hashes. */
async function heads(agent: Agent): Promise<string> {
  return (await ask(agent, 'nodes', { method: 'node.list' })).coverage.view
}

async function running(agents: readonly Agent[]): Promise<string[][]> {
  return await Promise.all(
    agents.map(async (agent) =>
      (await Promise.all(jobs.map((name) => allocsOf(agent, name))))
        .flat()
        .filter((alloc) => alloc.state === 'running')
        .map((alloc) => alloc.slot),
    ),
  )
}
