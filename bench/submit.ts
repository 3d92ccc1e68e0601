// submit: from handing a signed job of 20 copies to one of 20 boards until that board knows all of them running.

import type { BenchOptions } from './main.ts'
import { sleeper } from './lib/jobs.ts'
import { follow, startMesh } from './lib/mesh.ts'
import { operatorOf } from './lib/operator.ts'
import { median, percentile, rounded } from './lib/stats.ts'

export async function run({ runs, quick }: BenchOptions): Promise<object> {
  const nodes = quick ? 5 : 20
  const { fleet, agents } = await startMesh({ count: nodes, firstPort: 23_000 })
  const times: number[] = []
  try {
    const operator = await operatorOf(fleet)
    for (let index = 0; index < (runs ?? 20); index++) {
      const agent = agents[index % nodes]!
      const spec = sleeper(`job-${index}`, nodes, {}, true)
      const envelopes = await operator.prepare(agent, spec, 'run')
      const started = performance.now()
      await follow(agent, { method: 'doc.put', envelopes }, () => true)
      await follow(
        agent,
        { method: 'job.status', job: spec.name, follow: true },
        (reply) => reply.kind === 'job' && reply.job.running === nodes,
      )
      times.push(performance.now() - started)
      await follow(agent, { method: 'doc.put', envelopes: await operator.prepare(agent, spec, 'removed') }, () => true)
      await follow(agent, { method: 'job.status', job: spec.name, follow: true }, (reply) => reply.kind === 'job' && reply.settled)
    }
  } finally {
    await fleet.stop()
  }
  return {
    nodes,
    runs: times.length,
    p50_ms: rounded(median(times)),
    p99_ms: rounded(percentile(times, 0.99)),
    max_ms: rounded(Math.max(...times)),
  }
}
