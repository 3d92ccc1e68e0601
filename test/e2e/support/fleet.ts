// Real agents as processes (the built bundle), each with a folder of its own, driven over their own sockets and by the real CLI, so
// that the control path is not cut along with the network.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { AllocRow } from '../../../crdt/api-jobs.ts'
import type { Reply, Request } from '../../../crdt/api-types.ts'
import { undoAtExit } from './cleanup.ts'
import { taskPids, tryKill } from './processes.ts'
import { loopbacks } from './ports.ts'
import { program } from './program.ts'
import { type Ran, ended, run } from './run.ts'

export { taskPids } from './processes.ts'

export interface AgentOptions {
  /** Network namespace; null: this one. */
  readonly namespace?: string | null
  readonly listen: string
  readonly pool?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

export interface Agent {
  readonly name: string
  readonly folder: string
  readonly socket: string
  readonly options: AgentOptions
  process: ChildProcess
  log: string
}

export class Fleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
  readonly agents = new Map<string, Agent>()
  readonly #undo = undoAtExit(() => this.#removeAll())
  #jobs = 0

  get joinFile(): string {
    return join(this.folder, 'e2e.join.json')
  }

  /** Boards of these pools may join with its file. */
  async init(bootstrap: readonly string[], pools: readonly string[] = ['default']): Promise<void> {
    const given = [...bootstrap.flatMap((address) => ['--peer', address]), ...pools.flatMap((pool) => ['--pool', pool])]
    const made = await this.cli(['fleet', 'init', 'e2e', '--out', this.joinFile, ...given])
    if (made.code !== 0) throw new Error(`fleet init: ${made.output}`)
  }

  start(name: string, options: AgentOptions): Agent {
    const agent = this.prepare(name, options)
    this.launch(agent)
    return agent
  }

  /** Everything that `start` does but the start. */
  prepare(name: string, options: AgentOptions): Agent {
    const folder = join(this.folder, name)
    mkdirSync(folder, { recursive: true })
    const socket = join(folder, 'api.sock')
    const config = {
      join: this.joinFile,
      data_dir: folder,
      name,
      listen: [options.listen],
      http: { socket },
      dev: true,
      drivers: { raw_exec: { enabled: true } },
      ...(options.pool === undefined ? {} : { pool: options.pool }),
      ...(options.labels === undefined ? {} : { labels: options.labels }),
      ...options.config,
    }
    writeFileSync(join(folder, 'agent.yaml'), stringify(config))
    const agent: Agent = { name, folder, socket, options, process: null as never, log: '' }
    this.agents.set(name, agent)
    return agent
  }

  /** Starts the agent's process (again). */
  launch(agent: Agent): void {
    const { namespace } = agent.options
    const command = [program, 'agent', '--config', join(agent.folder, 'agent.yaml')]
    // Only the network is another's: the agent must see this machine's cgroups and /sys.
    const [file, ...args] = namespace == null ? command : ['nsenter', `--net=/var/run/netns/${namespace}`, ...command]
    agent.process = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...agent.options.env, NO_COLOR: '1' } })
    for (const stream of [agent.process.stdout!, agent.process.stderr!]) {
      stream.on('data', (data: Buffer) => {
        agent.log += data.toString()
        if (agent.log.length > 400_000) agent.log = agent.log.slice(-200_000)
      })
    }
  }

  agent(name: string): Agent {
    const found = this.agents.get(name)
    if (found === undefined) throw new Error(`no agent ${name}`)
    return found
  }

  /** kill -9: nothing is said to anybody, tasks live on. */
  async kill(agent: Agent): Promise<void> {
    agent.process.kill('SIGKILL')
    await ended(agent.process)
  }

  /** A stop in good order; the exit code. */
  async terminate(agent: Agent): Promise<number> {
    agent.process.kill('SIGTERM')
    return await ended(agent.process)
  }

  /** The board loses power: the agent and whatever it ran. */
  async powerCut(agent: Agent): Promise<void> {
    await this.kill(agent)
    for (const pid of taskPids(agent)) tryKill(pid)
  }

  async cli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return await run(program, args, { env: { ...this.operatorEnv, ...env } })
  }

  /** The operator's own configuration, away from that of whoever runs the tests. */
  get operatorEnv(): Record<string, string> {
    return { SHOAL_CONFIG_DIR: join(this.folder, 'operator'), NO_COLOR: '1' }
  }

  jobFile(file: object): string {
    const path = join(this.folder, `job-${this.#jobs++}.json`)
    writeFileSync(path, JSON.stringify(file, null, 2))
    return path
  }

  /** `shoal job run` against one board. */
  async runJob(agent: Agent, file: object, ...args: readonly string[]): Promise<Ran> {
    return await this.cli(['job', 'run', this.jobFile(file), '--peer', `unix:${agent.socket}`, ...args])
  }

  async stop(): Promise<void> {
    for (const agent of this.agents.values()) {
      if (isRunning(agent.process)) await this.kill(agent)
    }
    this.#undo()
  }

  #removeAll(): void {
    for (const agent of this.agents.values()) {
      if (isRunning(agent.process)) agent.process.kill('SIGKILL')
      for (const pid of taskPids(agent)) tryKill(pid)
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }

  /** For a failing test: the ends of all logs. */
  logs(lines = 30): string {
    return [...this.agents.values()].map((agent) => `--- ${agent.name}\n${agent.log.split('\n').slice(-lines).join('\n')}`).join('\n')
  }
}

/** One question to a board on its own socket. */
export async function ask<K extends Reply['kind']>(agent: Agent, kind: K, body: Request): Promise<Extract<Reply, { kind: K }>> {
  const text = await new Promise<string>((done, failed) => {
    const sent = httpRequest(
      { socketPath: agent.socket, method: 'POST', path: '/v1/api', headers: { 'content-type': 'application/json' }, timeout: 5_000 },
      (response) => {
        let data = ''
        response.on('data', (chunk: Buffer) => (data += chunk.toString()))
        response.on('end', () => done(data))
      },
    )
    sent.on('error', failed)
    sent.on('timeout', () => sent.destroy(new Error(`${agent.name} did not answer`)))
    sent.end(JSON.stringify(body))
  })
  const reply = JSON.parse(text.split('\n')[0] ?? '{}') as Reply
  if (reply.kind !== kind) throw new Error(`${agent.name} answered ${text.slice(0, 300)}`)
  return reply as Extract<Reply, { kind: K }>
}

export async function allocsOf(agent: Agent, job: string): Promise<readonly AllocRow[]> {
  const { allocs } = await ask(agent, 'allocs', { method: 'alloc.list' })
  return allocs.filter((alloc) => alloc.slot.startsWith(`default/${job}/`))
}

/** Names of the boards that run a copy, sorted; one that runs several stands there as often. */
export function runningOn(allocs: readonly AllocRow[]): string[] {
  return allocs
    .filter((alloc) => alloc.state === 'running')
    .map((alloc) => alloc.nodeName)
    .toSorted()
}

/** Slot → name of the board that runs it, as this board sees it; only running holders. */
export async function holders(agent: Agent, job: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const alloc of await allocsOf(agent, job)) if (alloc.holder && alloc.state === 'running') found[alloc.slot] = alloc.nodeName
  return found
}

/** A board `a`, which is all of its fleet, once it sees itself. */
export async function startAlone(fleet: Fleet, labels: Readonly<Record<string, string>>): Promise<Agent> {
  const [listen = ''] = await loopbacks(1)
  await fleet.init([listen])
  const agent = fleet.start('a', { listen, labels })
  await until('the board sees itself', 120_000, async () => (await aliveOn(agent)).length === 1).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
  return agent
}

export async function aliveOn(agent: Agent): Promise<string[]> {
  try {
    const { nodes } = await ask(agent, 'nodes', { method: 'node.list' })
    return nodes.filter((node) => node.liveness === 'alive').map((node) => node.name)
  } catch {
    return []
  }
}

/** Waits for a condition by asking again; the time is a limit for a broken run, not a measurement. */
export async function until<T>(what: string, withinMs: number, look: () => Promise<T | false | undefined>): Promise<T> {
  const deadline = Date.now() + withinMs
  for (let last: unknown; ;) {
    try {
      const seen = await look()
      if (seen !== false && seen !== undefined) return seen
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline)
      throw new Error(
        `not within ${withinMs} ms: ${what}${last === undefined ? '' : ` (last error: ${last instanceof Error ? last.message : JSON.stringify(last)})`}`,
      )
    await new Promise((done) => setTimeout(done, 100))
  }
}

function isRunning(process: ChildProcess | null): boolean {
  return process !== null && process.exitCode === null && process.signalCode === null
}
