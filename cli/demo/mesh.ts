// Three agents of one throw-away fleet as separate processes on loopback, driven as an operator would: every change goes through
// the CLI itself, every look through a board's own socket.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { Request } from '../../crdt/api-types.ts'
import { Api, type ReplyOf } from '../peers/client.ts'
import { CliError, interrupted } from '../errors.ts'
import type { Io } from '../io.ts'
import { killTasks } from './kill-tasks.ts'

export interface Board {
  readonly name: string
  readonly socket: string
  readonly port: number
  readonly process: ChildProcess
}

export interface Ran {
  readonly code: number
  readonly output: string
}

/** Where the demo listens; far from the default port, so that a real agent on this machine is left alone. */
const firstPort = 47_420
const stopWaitMs = 15_000

export class Mesh {
  readonly folder: string
  readonly boards: Board[] = []
  readonly #io: Io

  private constructor(io: Io, folder: string) {
    this.#io = io
    this.folder = folder
  }

  static async create(io: Io): Promise<Mesh> {
    const mesh = new Mesh(io, await mkdtemp(join(tmpdir(), 'shoal-demo-')))
    process.on('exit', mesh.#abandon)
    const made = await mesh.shoal(
      'fleet',
      'init',
      'demo',
      '--out',
      join(mesh.folder, 'demo.join.json'),
      ...[0, 1, 2].flatMap((index) => ['--peer', address(index)]),
    )
    if (io.signal.aborted) throw interrupted()
    if (made.code !== 0) throw new CliError('E_DEMO', `the fleet could not be made: ${made.output}`)
    return mesh
  }

  async start(names: readonly string[]): Promise<void> {
    for (const [index, name] of names.entries()) {
      const dataDir = join(this.folder, name)
      await mkdir(dataDir, { recursive: true })
      const socket = join(dataDir, 'api.sock')
      const config = {
        join: join(this.folder, 'demo.join.json'),
        data_dir: dataDir,
        name,
        listen: [address(index)],
        http: { socket },
        drivers: { raw_exec: { enabled: true }, docker: { enabled: true } },
        dev: true,
      }
      const file = join(this.folder, `${name}.yaml`)
      await writeFile(file, stringify(config), { mode: 0o600 })
      // In a group of its own: Ctrl-C in the terminal would end it before the job could be removed, and its tasks live on without it.
      const child = spawn(...this.#command(['agent', '--config', file]), {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: this.#env,
        detached: true,
      })
      const said: string[] = []
      child.stderr.on('data', (data: Buffer) => said.push(data.toString()))
      child.on('exit', (code) => {
        if (code !== 0 && code !== null)
          this.#io.stderr.write(`board ${name} ended with code ${code}: ${said.join('').trim().split('\n').at(-1) ?? ''}\n`)
      })
      this.boards.push({ name, socket, port: firstPort + index, process: child })
    }
  }

  board(name: string): Board {
    const found = this.boards.find((board) => board.name === name)
    if (found === undefined) throw new CliError('E_DEMO', `there is no board ${name}`)
    return found
  }

  /** Runs this program's own CLI in a process of its own. */
  async shoal(...args: readonly string[]): Promise<Ran> {
    const child = spawn(...this.#command(args), { stdio: ['ignore', 'pipe', 'pipe'], env: this.#env })
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString()))
    child.stderr.on('data', (data: Buffer) => (output += data.toString()))
    // Only from now on: what cleans up after an interruption is not interrupted by it.
    const interrupt = (): void => void child.kill('SIGINT')
    this.#io.signal.addEventListener('abort', interrupt, { once: true })
    const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)))
    this.#io.signal.removeEventListener('abort', interrupt)
    return { code, output }
  }

  /** Asks one board on its own socket: what that board sees, whatever the others do. */
  async ask<K extends Parameters<Api['ask']>[0]>(board: Board, kind: K, request: Request): Promise<ReplyOf<K>> {
    const client = await this.#io.connect({ peers: [`unix:${board.socket}`], context: null, timeoutMs: 5_000 })
    const api = new Api(client)
    try {
      return await api.ask(kind, request, AbortSignal.timeout(5_000))
    } finally {
      await api.close()
    }
  }

  /** A request whose answer is only that it was done. */
  async tell(board: Board, request: Request): Promise<void> {
    const api = new Api(await this.#io.connect({ peers: [`unix:${board.socket}`], context: null, timeoutMs: 5_000 }))
    try {
      for await (const _reply of api.replies(request, AbortSignal.timeout(5_000))) break
    } finally {
      await api.close()
    }
  }

  /** Ends every cut, so that a command reaches all boards. */
  async heal(): Promise<void> {
    await Promise.all(this.boards.map((board) => this.tell(board, { method: 'fault.cut', peers: [] }).catch(() => undefined)))
  }

  /** Whatever ends this process early: no process and no secret stays behind. There is no time to ask anybody to stop. */
  readonly #abandon = (): void => {
    for (const board of this.boards) board.process.kill('SIGKILL')
    killTasks(this.folder)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }

  async stop(): Promise<void> {
    await Promise.all(this.boards.map((board) => ended(board.process)))
    // Tasks outlive an agent that ended before it heard that their job is removed.
    killTasks(this.folder)
    await rm(this.folder, { recursive: true, force: true })
    process.off('exit', this.#abandon)
  }

  /** The launcher beside the bundle, which starts agents with their memory settings; else whatever runs this. */
  #command(args: readonly string[]): [string, string[]] {
    const program = process.argv[1]!
    const launcher = join(dirname(program), 'shoal')
    return existsSync(launcher) ? [launcher, [...args]] : [process.execPath, [...process.execArgv, program, ...args]]
  }

  get #env(): Record<string, string> {
    const env: Record<string, string> = { SHOAL_CONFIG_DIR: join(this.folder, 'operator'), SHOAL_NODE: process.execPath, NO_COLOR: '1' }
    for (const name of ['PATH', 'HOME', 'DOCKER_HOST', 'TMPDIR']) if (process.env[name] !== undefined) env[name] = process.env[name]
    return env
  }
}

export function address(index: number): string {
  return `/ip4/127.0.0.1/tcp/${firstPort + index}`
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWaitMs)
  await gone
  clearTimeout(timer)
}
