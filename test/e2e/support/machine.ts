// A board of its own: network, mounts, host name and processes are separate from everything else; it shares nothing with the other
// boards but the link and the (read-only) program. Commands run in it as a person would type them. Switching it off ends all of it.

import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { undoAtExit } from './cleanup.ts'
import { programFolder } from './program.ts'
import { type Ran, ended, run } from './run.ts'

// Process 1 reaps orphans, as every init does. /var/lib is the board's own, so that the agent's default data directory is too.
const init = 'hostname "$1" && mount --bind "$2" /var/lib && echo ready; while :; do sleep 1000 & wait $!; done'

export class Machine {
  readonly home: string
  readonly #folder: string
  readonly #holder: ChildProcess
  readonly #undo: () => void
  #first = 0

  private constructor(namespace: string, name: string) {
    this.#folder = mkdtempSync(join(tmpdir(), `shoal-board-${name}-`))
    this.home = join(this.#folder, 'home')
    const lib = join(this.#folder, 'lib')
    mkdirSync(this.home)
    mkdirSync(lib)
    const apart = [
      'unshare',
      '--mount',
      '--uts',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '/bin/sh',
      '-c',
      init,
      'init',
      name,
      lib,
    ]
    this.#holder = spawn('nsenter', [`--net=/var/run/netns/${namespace}`, ...apart], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#undo = undoAtExit(() => {
      this.#holder.kill('SIGKILL')
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    })
  }

  static async start(namespace: string, name: string): Promise<Machine> {
    const machine = new Machine(namespace, name)
    const said = new Promise<string>((done) => machine.#holder.stdout!.once('data', (data: Buffer) => done(data.toString())))
    const word = await Promise.race([said, ended(machine.#holder).then((code) => `ended with ${code}`)])
    if (word.trim() !== 'ready') throw new Error(`board ${name} does not come up: ${word}`)
    const pid = machine.#holder.pid!
    machine.#first = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
    return machine
  }

  /** One line, as typed into a shell in the home directory. */
  async type(line: string): Promise<Ran> {
    return await run('nsenter', this.#inside(line), { env: this.#env })
  }

  /** A line whose program goes on; `log` is called with what it says. */
  typeInBackground(line: string, log: (text: string) => void): ChildProcess {
    const child = spawn('nsenter', this.#inside(line), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.#env } })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => log(data.toString()))
    return child
  }

  /** A file carried over by hand. */
  bring(file: string, from: Machine): void {
    copyFileSync(join(from.home, file), join(this.home, file))
  }

  async switchOff(): Promise<void> {
    this.#holder.kill('SIGKILL')
    await ended(this.#holder)
    this.#undo()
  }

  #inside(line: string): string[] {
    return [`--target=${this.#first}`, '--net', '--mount', '--uts', '--pid', '/bin/sh', '-c', `cd "$HOME" && ${line}`]
  }

  get #env(): Record<string, string> {
    return { HOME: this.home, PATH: `${programFolder}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' }
  }
}
