// footprint: memory of one agent with 1 and with 20 peers, as the bundle with its launcher's settings and unbundled (tsx, no settings),
// and the time from its start until it listens for peers, as its log says. Peers are real agents on loopback.

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { BenchOptions } from './main.ts'
import { type Agent, type Fleet, aliveOn, until } from '../test/e2e/support/fleet.ts'
import { program } from '../test/e2e/support/program.ts'
import { startMesh } from './lib/mesh.ts'
import { memoryMb } from './lib/proc.ts'
import { median, rounded } from './lib/stats.ts'

const starts = 5

export async function run({ quick }: BenchOptions): Promise<object> {
  const rows: object[] = []
  for (const [index, peers] of (quick ? [1] : [1, 20]).entries()) {
    const firstPort = 23_500 + 50 * index
    const { fleet, agents } = await startMesh({ count: peers, firstPort })
    try {
      for (const bundled of [true, false])
        rows.push(await measure({ fleet, peers, bundled, port: firstPort + 40 + Number(bundled), settleMs: quick ? 5_000 : 60_000 }))
      console.error(`  ${agents.length} peers: ${JSON.stringify(rows.slice(-2))}`)
    } finally {
      await fleet.stop()
    }
  }
  return { rows }
}

interface Subject {
  readonly fleet: Fleet
  readonly peers: number
  readonly bundled: boolean
  readonly port: number
  readonly settleMs: number
}

async function measure(subject: Subject): Promise<object> {
  const times: number[] = []
  let last = await started(subject)
  for (times.push(last.ms); times.length < starts; times.push(last.ms)) {
    await end(last.agent)
    last = await started(subject)
  }
  const { agent } = last
  await until('all are seen', 120_000, async () => (await aliveOn(agent)).length === subject.peers + 1)
  await new Promise((done) => setTimeout(done, subject.settleMs))
  const memory = memoryMb(agent.process.pid!)
  await end(agent)
  return {
    peers: subject.peers,
    bundled: subject.bundled,
    rss_mb: rounded(memory.rss, 1),
    private_mb: rounded(memory.private, 1),
    start_ms: rounded(median(times)),
  }
}

async function started(subject: Subject): Promise<{ agent: Agent; ms: number }> {
  const before = performance.now()
  const agent = launch(subject)
  return await new Promise((done, failed) => {
    agent.process.stderr!.on('data', (data: Buffer) => {
      agent.log = (agent.log + data.toString()).slice(-10_000)
      if (agent.log.includes('reachable at')) done({ agent, ms: performance.now() - before })
    })
    agent.process.once('exit', () => failed(new Error(`the agent ended: ${agent.log}`)))
  })
}

function launch({ fleet, bundled, port }: Subject): Agent {
  const name = bundled ? 'bundled' : 'unbundled'
  const home = join(fleet.folder, name)
  mkdirSync(home, { recursive: true })
  const socket = join(home, 'api.sock')
  writeFileSync(
    join(home, 'agent.yaml'),
    stringify({
      join: fleet.joinFile,
      data_dir: home,
      name,
      listen: [`/ip4/127.0.0.1/tcp/${port}`],
      http: { socket },
      drivers: { raw_exec: { enabled: true } },
    }),
  )
  const [file, ...args] = bundled ? [program] : [process.execPath, '--import', 'tsx', resolve('cli/main.ts')]
  const child = spawn(file, [...args, 'agent', '--config', join(home, 'agent.yaml')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const agent: Agent = { name, folder: home, socket, options: { listen: '' }, process: child, log: '' }
  // So that it ends with the others, whatever happens here.
  fleet.agents.set(name, agent)
  return agent
}

async function end({ process: child }: Agent): Promise<void> {
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill('SIGKILL')
  await gone
}
