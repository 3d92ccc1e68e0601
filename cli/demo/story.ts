// The five-minute tour as a program: three boards, a job, a cut, a replacement, a heal, and which copy stayed and why. It checks
// each thing that it says; the first one that is not so ends it with an error.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AllocRow } from '../../crdt/api-jobs.ts'
import { CliError, interrupted } from '../errors.ts'
import type { Io } from '../io.ts'
import { type Board, Mesh } from './mesh.ts'

const job = 'hello'
const names = ['north', 'south', 'west']
const pollMs = 200

const jobFile = (driver: Driver): string => `# ${driver.why}
job: hello
groups:
  web:
    count: 2
    update: { min_healthy_time: 1s, healthy_deadline: 1m }
    # In earnest a minute or more; here you do not want to wait.
    disconnect: { replace_after: 3s }
    tasks:
      greeter:
        driver: ${driver.name}
        config: ${JSON.stringify(driver.config)}
        resources: { cpu: 50 MHz, memory: 32 MiB }
`

interface Driver {
  readonly name: 'docker' | 'raw_exec'
  readonly config: Readonly<Record<string, unknown>>
  readonly why: string
}

export class Story {
  readonly #io: Io
  readonly #mesh: Mesh
  readonly #started: number

  constructor(io: Io, mesh: Mesh) {
    this.#io = io
    this.#mesh = mesh
    this.#started = io.now()
  }

  async tell(): Promise<void> {
    this.say(`Starting three agents: ${names.join(', ')}. Each is a process of its own with its own disk, as on three boards.`)
    await this.#mesh.start(names)
    await this.#until('all three boards see each other', 30_000, async () =>
      (await Promise.all(this.#mesh.boards.map((board) => this.#alive(board)))).every((alive) => alive === 3),
    )
    const driver = await this.#chooseDriver()
    await this.#place(driver)
    const first = await this.#holders(this.#mesh.board('north'))
    const lost = this.#mesh.board(first.find((alloc) => alloc.slot.endsWith('/0'))?.nodeName ?? '')
    const witness = this.#mesh.boards.find((board) => board !== lost)!
    await this.#cutOff(lost, witness)
    await this.#heal(lost, witness)
    this.say('That was the tour: no server took part in it.')
  }

  say(text: string): void {
    const seconds = ((this.#io.now() - this.#started) / 1000).toFixed(1).padStart(5)
    this.#io.stdout.write(`\n[${seconds} s] ${text}\n`)
  }

  async #chooseDriver(): Promise<Driver> {
    const { node } = await this.#mesh.ask(this.#mesh.board('north'), 'node', { method: 'node.status', node: 'north' })
    const image =
      Object.keys(node.attributes).includes('driver.docker.version') && node.drivers['docker']?.healthy === true
        ? this.#io.env['SHOAL_DEMO_IMAGE']
        : undefined
    const script = 'echo hello from $SHOAL_NODE_NAME; while true; do sleep 1; done'
    if (image !== undefined)
      return { name: 'docker', config: { image, command: 'sh', args: ['-c', script] }, why: `runs as containers of ${image}` }
    return {
      name: 'raw_exec',
      config: { command: '/bin/sh', args: ['-c', script] },
      why: 'runs as plain processes; set SHOAL_DEMO_IMAGE to an image with sh to run it in Docker',
    }
  }

  async #place(driver: Driver): Promise<void> {
    const file = join(this.#mesh.folder, 'hello.yaml')
    await writeFile(file, jobFile(driver))
    this.say(`Running a job of two copies on any two of them (${driver.name}):  shoal job run hello.yaml`)
    const ran = await this.#mesh.shoal('job', 'run', file)
    this.#io.stdout.write(indent(ran.output))
    if (this.#io.signal.aborted) throw interrupted()
    if (ran.code !== 0) throw new CliError('E_DEMO', `shoal job run ended with code ${ran.code}`)
    for (const board of this.#mesh.boards)
      await this.#until(`${board.name} knows both holders`, 10_000, async () => (await this.#holders(board)).length === 2)
    await this.#show('Every board has the same picture. Who runs what:', this.#mesh.board('north'))
  }

  async #cutOff(lost: Board, witness: Board): Promise<void> {
    this.say(`Cutting ${lost.name} off: from now on nothing passes between it and the others, and nobody is told.`)
    await this.#mesh.tell(lost, { method: 'fault.cut', peers: null })
    await this.#until(`${witness.name} notices`, 30_000, async () => (await this.#alive(witness)) === 2)
    this.say(
      `${witness.name} no longer hears ${lost.name}. Its copy is "unknown" now: perhaps it still runs. After replace_after a replacement is placed.`,
    )
    await this.#until('a replacement runs', 30_000, async () =>
      (await this.#allocs(witness)).some((alloc) => alloc.slot.endsWith('/0') && alloc.state === 'running' && alloc.nodeName !== lost.name),
    )
    await this.#show(`What ${witness.name} sees:`, witness)
    await this.#show(`What ${lost.name} sees. Its copy was never touched, and it would take commands:`, lost)
  }

  async #heal(lost: Board, witness: Board): Promise<void> {
    this.say('Healing the cut.')
    await this.#mesh.tell(lost, { method: 'fault.cut', peers: [] })
    await this.#until('one holder for every slot, on every board', 60_000, async () => {
      const seen = await Promise.all(
        this.#mesh.boards.map(async (board) => ({
          alive: await this.#alive(board),
          running: (await this.#allocs(board)).filter((alloc) => alloc.state === 'running'),
        })),
      )
      return seen.every(({ alive, running }) => alive === 3 && running.length === 2)
    })
    const winner = (await this.#holders(witness)).find((alloc) => alloc.slot.endsWith('/0'))
    await this.#show('After the merge:', witness)
    if (winner?.nodeName !== lost.name || winner.generation !== 1)
      throw new CliError('E_DEMO', `expected the original on ${lost.name} to stay, but ${winner?.nodeName ?? 'nobody'} holds the slot`)
    this.say(
      `${lost.name} kept the copy: the boards are equal in rank, and on a tie the original (generation 1) stays. The replacement was stopped; the copy on ${lost.name} never noticed.`,
    )
  }

  async #show(title: string, board: Board): Promise<void> {
    this.say(title)
    const { output } = await this.#mesh.shoal('alloc', 'status', '--peer', `unix:${board.socket}`)
    this.#io.stdout.write(indent(output))
  }

  async #alive(board: Board): Promise<number> {
    try {
      return (await this.#mesh.ask(board, 'nodes', { method: 'node.list' })).nodes.filter((node) => node.liveness === 'alive').length
    } catch {
      return 0
    }
  }

  async #allocs(board: Board): Promise<readonly AllocRow[]> {
    return (await this.#mesh.ask(board, 'allocs', { method: 'alloc.list' })).allocs.filter((alloc) =>
      alloc.slot.startsWith(`default/${job}/`),
    )
  }

  async #holders(board: Board): Promise<readonly AllocRow[]> {
    return (await this.#allocs(board)).filter((alloc) => alloc.holder && alloc.state === 'running')
  }

  async #until(what: string, withinMs: number, isSo: () => Promise<boolean>): Promise<void> {
    const until = this.#io.now() + withinMs
    while (!(await isSo())) {
      if (this.#io.signal.aborted) throw interrupted()
      if (this.#io.now() > until) throw new CliError('E_DEMO', `this did not happen within ${withinMs / 1000} s: ${what}`)
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  }
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('')
}
