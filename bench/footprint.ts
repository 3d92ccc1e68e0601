// footprint: memory of one agent with 1 and with 20 peers, as the bundle with its launcher's settings and unbundled (tsx, no settings),
// and the time from its start until its socket answers. Peers are real agents on loopback.

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { BenchOptions } from './main.ts'
import { type Agent, aliveOn, ask, until } from '../test/e2e/support/fleet.ts'
import { startMesh } from './lib/mesh.ts'
import { memoryMb } from './lib/proc.ts'
import { median, rounded } from './lib/stats.ts'

const starts = 5

export async function run({ quick }: BenchOptions): Promise<object> {
  const rows: object[] = []
  for (const [index, peers] of (quick ? [1] : [1, 20]).entries()) {
    const firstPort = 43_500 + 50 * index
    const { fleet, agents } = await startMesh({ count: peers, firstPort })
    try {
      for (const bundled of [true, false]) rows.push(await measure({ folder: fleet.folder, peers, bundled, port: firstPort + 40 + Number(bundled), bootstrap: `/ip4/127.0.0.1/tcp/${firstPort}`, settleMs: quick ? 5_000 : 60_000 }))
      console.error(`  ${agents.length} peers: ${JSON.stringify(rows.slice(-2))}`)
    } finally {
      await fleet.stop()
    }
  }
  return { rows }
}

interface Subject {
  readonly folder: string
  readonly peers: number
  readonly bundled: boolean
  readonly port: number
  readonly bootstrap: string
  readonly settleMs: number
}

async function measure(subject: Subject): Promise<object> {
  const times: number[] = []
  let last: { agent: Agent; end: () => Promise<void> } | null = null
  for (let count = 0; count < starts; count++) {
    await last?.end()
    const started = performance.now()
    last = launch(subject)
    const { agent } = last
    await until('it answers', 60_000, async () => (await ask(agent, 'nodes', { method: 'node.list' })).nodes.length > 0)
    times.push(performance.now() - started)
  }
  const { agent, end } = last!
  await until('all are seen', 120_000, async () => (await aliveOn(agent)).length === subject.peers + 1)
  await new Promise((done) => setTimeout(done, subject.settleMs))
  const memory = memoryMb(agent.process.pid!)
  await end()
  return { peers: subject.peers, bundled: subject.bundled, rss_mb: rounded(memory.rss, 1), private_mb: rounded(memory.private, 1), start_ms: rounded(median(times)) }
}

function launch({ folder, bundled, port }: Subject): { agent: Agent; end: () => Promise<void> } {
  const name = bundled ? 'bundled' : 'unbundled'
  const home = join(folder, name)
  mkdirSync(home, { recursive: true })
  const socket = join(home, 'api.sock')
  writeFileSync(join(home, 'agent.yaml'), stringify({ join: join(folder, 'e2e.join.json'), data_dir: home, name, listen: [`/ip4/127.0.0.1/tcp/${port}`], http: { socket }, drivers: { raw_exec: { enabled: true } } }))
  const command = bundled ? [resolve('dist/shoal')] : [process.execPath, '--import', 'tsx', resolve('cli/main.ts')]
  const child = spawn(command[0]!, [...command.slice(1), 'agent', '--config', join(home, 'agent.yaml')], { stdio: 'ignore' })
  const agent: Agent = { name, folder: home, socket, options: { listen: '' }, process: child, log: '' }
  const end = async (): Promise<void> => {
    const gone = new Promise<void>((done) => child.once('exit', () => done()))
    child.kill('SIGKILL')
    await gone
  }
  return { agent, end }
}
