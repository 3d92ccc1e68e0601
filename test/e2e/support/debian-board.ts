// A throw-away Debian board with its own systemd: this machine's root file system under an overlay in memory, booted by systemd-nspawn.
// What is installed, changed or started there is gone with it. It shares this machine's network. Needs root and systemd-container.

import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { undoAtExit } from './cleanup.ts'
import { until } from './fleet.ts'
import { tryKill } from './processes.ts'
import { type Ran, run } from './run.ts'

/** A boot takes seconds; a board that has not booted by then never will. */
const bootMsMax = 120_000

// In control groups of its own, so that none is left behind; where systemd is this machine's own, it gives one.
const boot = `set -e
keep=
if [ ! -d /run/systemd/system ]; then
  keep=--keep-unit
  for tree in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [ -w "$tree/cgroup.procs" ] || continue
    mkdir "$tree/$2"
    echo $$ >"$tree/$2/cgroup.procs"
  done
fi
exec systemd-nspawn --quiet --directory="$1" --machine="$2" --register=no $keep --link-journal=no --boot --console=pipe -- --unit=multi-user.target`

export class DebianBoard {
  readonly #folder = mkdtempSync(join(tmpdir(), 'shoal-board-'))
  readonly #undo = undoAtExit(() => this.#remove())
  readonly name: string
  /** Its root file system, as this machine sees it. */
  readonly root = join(this.#folder, 'root')
  #nspawn = 0
  #init = 0

  constructor(name: string) {
    this.name = name
    execFileSync('mount', ['-t', 'tmpfs', 'shoal-board', this.#folder])
    for (const part of ['root', 'upper', 'work']) mkdirSync(join(this.#folder, part))
    const layers = `lowerdir=/,upperdir=${join(this.#folder, 'upper')},workdir=${join(this.#folder, 'work')}`
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, this.root])
    this.#forgetThisMachine()
  }

  async boot(): Promise<void> {
    const nspawn = spawn('sh', ['-c', boot, 'boot', this.root, basename(this.#folder).toLowerCase()], {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] ?? '' },
    })
    this.#nspawn = nspawn.pid ?? 0
    await until(`${this.name} has booted`, bootMsMax, async () => {
      if (nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended with ${nspawn.exitCode}`)
      this.#init = childOf(this.#nspawn)
      return /^(running|degraded)/.test((await this.run('systemctl', 'is-system-running')).stdout)
    })
  }

  /** A command on the board, as root. */
  async run(command: string, ...args: readonly string[]): Promise<Ran> {
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    return await run('nsenter', [`--target=${this.#init}`, '--all', '--', 'env', '--ignore-environment', `PATH=${path}`, command, ...args])
  }

  path(onBoard: string): string {
    return join(this.root, onBoard)
  }

  get socket(): string {
    return this.path('var/lib/shoal/api.sock')
  }

  dispose(): void {
    this.#undo()
  }

  /** What this machine starts, mounts and is called is not the board's. */
  #forgetThisMachine(): void {
    const units = this.path('etc/systemd/system')
    for (const name of readdirSync(units)) if (name.endsWith('.wants')) rmSync(join(units, name), { recursive: true })
    // A machine made from an image for containers starts no service that is installed; a board does.
    for (const state of ['etc/shoal', 'var/lib/shoal', 'usr/sbin/policy-rc.d']) rmSync(this.path(state), { recursive: true, force: true })
    writeFileSync(this.path('etc/fstab'), '')
    writeFileSync(this.path('etc/hostname'), `${this.name}\n`)
    // Without one it would be a first boot, which enables everything that is installed.
    writeFileSync(this.path('etc/machine-id'), `${randomBytes(16).toString('hex')}\n`)
  }

  #remove(): void {
    for (const pid of [this.#init, this.#nspawn]) if (pid > 0) tryKill(pid)
    execFileSync('umount', ['--lazy', this.root])
    execFileSync('umount', ['--lazy', this.#folder])
    rmSync(this.#folder, { recursive: true, force: true })
    for (const tree of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd']) {
      const group = join(tree, basename(this.#folder).toLowerCase())
      // Empty by then, but perhaps not in this moment.
      if (existsSync(group))
        spawn('sh', ['-c', 'sleep 1; find "$1" -depth -type d -exec rmdir {} +', 'sh', group], { stdio: 'ignore', detached: true }).unref()
    }
  }
}

/** The board's first process is the only child of what boots it. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').at(-1))
}
