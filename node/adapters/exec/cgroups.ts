// The cgroups of tasks, v1 or v2: made with their limits, entered, counted, ended and removed. The kernel's files are the only record: what
// runs in a cgroup, and whether it ran out of memory there, is asked anew each time. A folder is named by its task's id alone, which no
// other task of the machine has.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskId } from '../../core/ports.ts'
import { type CgroupPlace, type Controller, controllers } from './cgroup-place.ts'

export interface Limits {
  readonly cpuMhz: number
  readonly memoryMib: number
}

/** The kernel puts its files into a new folder, and takes them along with one that goes. */
export interface Kernel {
  make(path: string): void
  remove(path: string): void
  end(pid: number): void
}

const ownKernel: Kernel = {
  make: (path) => mkdirSync(path),
  remove: (path) => rmdirSync(path),
  end(pid) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone already.
    }
  },
}

/** Enough for any service of a board; a program that forks without end must leave it able to start another shell (some kernels count to 32,768). */
export const processesMax = 1_024
const bytesPerMib = 1024 * 1024
/** What the kernel takes: cpu.shares of v1, and their translation to cpu.weight 1..10,000 as container runtimes do it. */
const [sharesMin, sharesMax] = [2, 262_144]
// Processes that were killed leave their cgroup a moment later, once their memory is given back.
const removeTries = 100
const removeWaitMs = 20

export class Cgroups {
  readonly place: CgroupPlace
  readonly #kernel: Kernel

  constructor(place: CgroupPlace, kernel: Kernel = ownKernel) {
    this.place = place
    this.#kernel = kernel
  }

  /** Makes what holds the tasks' cgroups, down from each mount. Throws what the kernel says. */
  open(): void {
    const { version, mounts, parent } = this.place
    for (const mount of new Set(Object.values(mounts))) {
      let folder = mount
      for (const part of parent.split('/')) {
        if (version === 2) passOn(folder)
        folder = join(folder, part)
        this.#makeIfMissing(folder)
      }
      if (version === 2) passOn(folder)
    }
  }

  /** Another agent of this machine may make it at the same moment. */
  #makeIfMissing(folder: string): void {
    try {
      if (!existsSync(folder)) this.#kernel.make(folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }

  /** An empty cgroup with these limits, whatever there was before. Throws when it cannot be had. */
  async make(id: TaskId, limits: Limits): Promise<void> {
    await this.remove(id)
    this.open()
    for (const folder of this.#foldersOf(id)) this.#kernel.make(folder)
    const shares = Math.min(Math.max(limits.cpuMhz, sharesMin), sharesMax)
    const memory = String(limits.memoryMib * bytesPerMib)
    write(this.#file('pids', id, 'pids.max'), String(processesMax))
    // No swap: it is a board's SD card. Some kernels do not count it.
    if (this.place.version === 2) {
      write(this.#file('cpu', id, 'cpu.weight'), String(weightOf(shares)))
      write(this.#file('memory', id, 'memory.max'), memory)
      writeIfThere(this.#file('memory', id, 'memory.swap.max'), '0')
    } else {
      write(this.#file('cpu', id, 'cpu.shares'), String(shares))
      write(this.#file('memory', id, 'memory.limit_in_bytes'), memory)
      writeIfThere(this.#file('memory', id, 'memory.memsw.limit_in_bytes'), memory)
    }
  }

  /** The process, and what it starts from now on. */
  enter(id: TaskId, pid: number): void {
    for (const folder of this.#foldersOf(id)) write(join(folder, 'cgroup.procs'), String(pid))
  }

  pids(id: TaskId): number[] {
    const all = this.#foldersOf(id).flatMap(treeOf)
    const found = all.flatMap((folder) => read(join(folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number))
    return [...new Set(found)].filter((pid) => Number.isSafeInteger(pid) && pid > 1)
  }

  /** From now on nothing in it can start a process: who kills what is there has killed all. */
  shut(id: TaskId): void {
    tryWrite(this.#file('pids', id, 'pids.max'), '0')
  }

  /** In v2, from Linux 5.14 on, the kernel kills all of it in one step. Elsewhere this does nothing. */
  kill(id: TaskId): void {
    if (this.place.version === 2) tryWrite(this.#file('pids', id, 'cgroup.kill'), '1')
  }

  /** Whether the kernel has killed something in it for want of memory. */
  hasLackedMemory(id: TaskId): boolean {
    const text = read(this.#file('memory', id, this.place.version === 2 ? 'memory.events' : 'memory.oom_control'))
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0
  }

  /** With all that runs in it, whatever the agent knows of that. Throws what the kernel says, at last while something in it lives. */
  async remove(id: TaskId): Promise<void> {
    this.shut(id)
    for (let left = removeTries; ; left--) {
      this.kill(id)
      for (const pid of this.pids(id)) this.#kernel.end(pid)
      const busy = this.#foldersOf(id)
        .flatMap(treeOf)
        .reverse()
        .map((folder) => this.#fault(folder))
        .find((fault) => fault !== null)
      if (busy === undefined) return
      if (left === 0) throw busy
      await sleep(removeWaitMs)
    }
  }

  /** null: it is gone. */
  #fault(folder: string): Error | null {
    try {
      this.#kernel.remove(folder)
      return null
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return null
      if (code !== 'EBUSY' && code !== 'ENOTEMPTY') throw error
      return error as Error
    }
  }

  #file(controller: Controller, id: TaskId, name: string): string {
    return join(this.place.mounts[controller], this.place.parent, id, name)
  }

  /** One with v2 and where controllers share a mount. */
  #foldersOf(id: TaskId): string[] {
    return [...new Set(controllers.map((controller) => this.#file(controller, id, '.')))]
  }
}

/** Those that a task has made in its own come after it. */
function treeOf(folder: string): string[] {
  return [folder, ...childrenOf(folder).flatMap(treeOf)]
}

function childrenOf(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

export function weightOf(shares: number): number {
  return 1 + Math.floor(((shares - sharesMin) * 9_999) / (sharesMax - sharesMin))
}

/** v2: the controllers are there for what is below a folder only when the folder says so. */
function passOn(folder: string): void {
  const path = join(folder, 'cgroup.subtree_control')
  const passed = read(path).trim().split(/\s+/)
  const more = controllers.filter((controller) => !passed.includes(controller))
  if (more.length > 0) write(path, more.map((controller) => `+${controller}`).join(' '))
}

function write(path: string, text: string): void {
  writeFileSync(path, text)
}

function writeIfThere(path: string, text: string): void {
  if (existsSync(path)) write(path, text)
}

function tryWrite(path: string, text: string): void {
  try {
    writeIfThere(path, text)
  } catch {
    // It went meanwhile, or its processes are killed one by one.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
