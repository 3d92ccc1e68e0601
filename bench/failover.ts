// failover: from the loss of a board until its replacement runs, as another board sees it. `kill`: the agent and its tasks end in one
// moment (connections close). `cut`: nothing passes any more and nobody is told. replace_after 0, and the default of 60 s.

import type { BenchOptions } from './main.ts'
import type { Agent, Fleet } from '../test/e2e/support/fleet.ts'
import { aliveOn, holders, until } from '../test/e2e/support/fleet.ts'
import { sleeper } from './lib/jobs.ts'
import { follow, startMesh } from './lib/mesh.ts'
import { operatorOf } from './lib/operator.ts'
import { median, percentile, rounded } from './lib/stats.ts'

const nodes = 5
const jobName = 'victim'
const slot = `default/${jobName}/g/0`

export async function run({ runs, quick }: BenchOptions): Promise<object> {
  const repeat = runs ?? (quick ? 3 : 20)
  const repeatDefault = Math.min(repeat, quick ? 1 : 20)
  const { fleet, agents } = await startMesh({ count: nodes, firstPort: 43_100 })
  try {
    await submit(fleet, agents, 0)
    const kill = await repeated(repeat, () => once(fleet, agents, 'kill'))
    const cut = await repeated(repeat, () => once(fleet, agents, 'cut'))
    await submit(fleet, agents, 60_000)
    const byDefault = await repeated(repeatDefault, () => once(fleet, agents, 'kill'))
    return {
      runs: repeat,
      kill_p50_ms: rounded(median(kill)),
      kill_p99_ms: rounded(percentile(kill, 0.99)),
      kill_max_ms: rounded(Math.max(...kill)),
      cut_p50_ms: rounded(median(cut)),
      cut_p99_ms: rounded(percentile(cut, 0.99)),
      cut_max_ms: rounded(Math.max(...cut)),
      default_runs: repeatDefault,
      default_kill_p50_ms: rounded(median(byDefault)),
      default_kill_max_ms: rounded(Math.max(...byDefault)),
    }
  } finally {
    await fleet.stop()
  }
}

async function submit(fleet: Fleet, agents: readonly Agent[], replaceAfterMs: number): Promise<void> {
  const operator = await operatorOf(fleet)
  const envelopes = await operator.prepare(agents[0]!, sleeper(jobName, 1, { replaceAfterMs }), 'run')
  await follow(agents[0]!, { method: 'doc.put', envelopes }, () => true)
  await settled(agents)
}

/** All alive, and one running holder that all agree on. */
async function settled(agents: readonly Agent[]): Promise<string> {
  return await until('settled', 180_000, async () => {
    const alive = await Promise.all(agents.map(aliveOn))
    const held = await Promise.all(agents.map(async (agent) => (await holders(agent, jobName))[slot]))
    return alive.every((names) => names.length === agents.length) && held[0] !== undefined && held.every((name) => name === held[0])
      ? held[0]
      : false
  })
}

async function once(fleet: Fleet, agents: readonly Agent[], how: 'kill' | 'cut'): Promise<number> {
  const victim = fleet.agent(await settled(agents))
  const witness = agents.find((agent) => agent !== victim)!
  const started = performance.now()
  if (how === 'kill') await fleet.powerCut(victim)
  else await follow(victim, { method: 'fault.cut', peers: null }, () => true)
  // Looks ten times a second: the figures are of seconds.
  await until('replaced', 180_000, async () => ((await holders(witness, jobName))[slot] ?? victim.name) !== victim.name)
  const took = performance.now() - started
  if (how === 'kill') fleet.launch(victim)
  else await follow(victim, { method: 'fault.cut', peers: [] }, () => true)
  return took
}

async function repeated(count: number, work: () => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    times.push(await work())
    console.error(`  ${index + 1}/${count}: ${Math.round(times.at(-1)!)} ms`)
  }
  return times
}
