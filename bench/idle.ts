// idle: what a settled board costs, with a job running: CPU, bytes sent, bytes written to disk; per board, median over the boards.

import type { BenchOptions } from './main.ts'
import { type Agent, ask } from '../test/e2e/support/fleet.ts'
import { sleeper } from './lib/jobs.ts'
import { follow, startMesh } from './lib/mesh.ts'
import { metric } from '../test/e2e/support/metrics.ts'
import { operatorOf } from './lib/operator.ts'
import { bytesWritten, cpuSeconds } from './lib/proc.ts'
import { median, rounded } from './lib/stats.ts'

interface Sample {
  readonly cpu: number
  readonly sent: number
  readonly written: number
}

export async function run({ quick }: BenchOptions): Promise<object> {
  const rows: object[] = []
  const seconds = quick ? 20 : 120
  for (const [index, nodes] of (quick ? [5] : [5, 10, 20]).entries()) {
    const { fleet, agents } = await startMesh({ count: nodes, firstPort: 23_700 + 50 * index })
    try {
      const operator = await operatorOf(fleet)
      await follow(
        agents[0]!,
        { method: 'doc.put', envelopes: await operator.prepare(agents[0]!, sleeper('idle', nodes), 'run') },
        () => true,
      )
      await follow(agents[0]!, { method: 'job.status', job: 'idle', follow: true }, (reply) => reply.kind === 'job' && reply.settled)
      // What a start leaves behind (address pushes, receipts, the busy time of anti-entropy) is not idleness.
      await wait(quick ? 20 : 45)
      const before = await Promise.all(agents.map(sample))
      await wait(seconds)
      const after = await Promise.all(agents.map(sample))
      const per = (pick: (one: Sample) => number): number => median(after.map((one, at) => (pick(one) - pick(before[at]!)) / seconds))
      rows.push({
        nodes,
        cpu_percent: rounded(100 * per((one) => one.cpu), 2),
        sent_bytes_per_s: rounded(per((one) => one.sent)),
        disk_bytes_per_day: rounded(86_400 * per((one) => one.written)),
      })
      console.error(`  ${JSON.stringify(rows.at(-1))}`)
    } finally {
      await fleet.stop()
    }
  }
  return { seconds, rows }
}

async function sample(agent: Agent): Promise<Sample> {
  await ask(agent, 'nodes', { method: 'node.list' })
  const { pid } = agent.process
  return { cpu: cpuSeconds(pid!), sent: await metric(agent, 'shoal_sent_bytes'), written: bytesWritten(pid!) }
}

async function wait(seconds: number): Promise<void> {
  await new Promise((done) => setTimeout(done, 1000 * seconds))
}
