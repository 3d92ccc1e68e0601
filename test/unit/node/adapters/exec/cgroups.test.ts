// Cgroups of both versions on folders that look like the kernel's: what is written where. The real ones of this machine are in the acceptance tests.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { cgroupsFault } from '../../../../../node/adapters/exec/fingerprint.ts'
import { Cgroups, type Kernel, processesMax, weightOf } from '../../../../../node/adapters/exec/cgroups.ts'
import type { CgroupPlace } from '../../../../../node/adapters/exec/cgroup-place.ts'
import { ok, refuse } from '../../../../../crdt/errors.ts'

let root: string
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'shoal-cgroups-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

const id = '0123456789abcdef.01234567.app'
const [v1, v2] = [1, 2] as const

/** The files that a kernel has in each new folder. */
const files = {
  [v1]: (folder: string): readonly string[] => {
    const own: Readonly<Record<string, readonly string[]>> = {
      cpu: ['cpu.shares'],
      memory: ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'memory.oom_control'],
      pids: ['pids.max'],
    }
    return ['cgroup.procs', ...(own[basename(dirname(dirname(folder)))] ?? [])]
  },
  [v2]: (): readonly string[] => [
    ...['cgroup.procs', 'cgroup.kill', 'cgroup.subtree_control', 'cpu.weight', 'pids.max'],
    ...['memory.max', 'memory.swap.max', 'memory.events'],
  ],
}

/** `without`: files that this kernel does not have. */
function board(version: 1 | 2, without: readonly string[] = []): Cgroups {
  const mount = (name: string): string => {
    const path = version === 2 ? root : join(root, name)
    mkdirSync(path, { recursive: true })
    if (version === 2) writeFileSync(join(path, 'cgroup.subtree_control'), 'cpu\n')
    return path
  }
  const place: CgroupPlace = { version, mounts: { cpu: mount('cpu'), memory: mount('memory'), pids: mount('pids') }, parent: 'shoal' }
  const kernel: Kernel = {
    make(path) {
      mkdirSync(path)
      for (const file of files[version](path)) if (!without.includes(file)) writeFileSync(join(path, file), '')
    },
    remove(path) {
      if (readFileSync(join(path, 'cgroup.procs'), 'utf8') !== '') throw Object.assign(new Error('busy'), { code: 'EBUSY' })
      if (readdirSync(path, { withFileTypes: true }).some((entry) => entry.isDirectory()))
        throw Object.assign(new Error('busy'), { code: 'EBUSY' })
      rmSync(path, { recursive: true })
    },
    end(pid) {
      for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        const path = join(root, file)
        if (basename(path) === 'cgroup.procs' && readFileSync(path, 'utf8') === String(pid)) writeFileSync(path, '')
      }
    },
  }
  return new Cgroups(place, kernel)
}

const read = (...parts: string[]): string => readFileSync(join(root, ...parts), 'utf8')
const limits = { cpuMhz: 1_024, memoryMib: 24 }
const memory = String(24 * 1024 * 1024)

test('v2: the controllers are passed on down to the tasks, and the limits stand in one folder', async () => {
  const cgroups = board(v2)
  await cgroups.make(id, limits)
  assert.equal(read('cgroup.subtree_control'), '+memory +pids')
  assert.equal(read('shoal', 'cgroup.subtree_control'), '+cpu +memory +pids')
  assert.equal(read('shoal', id, 'cgroup.subtree_control'), '', 'it holds processes')
  const values = ['cpu.weight', 'memory.max', 'memory.swap.max', 'pids.max'].map((file) => read('shoal', id, file))
  assert.deepEqual(values, ['39', memory, '0', String(processesMax)])
})

test('v1: each limit stands in the hierarchy of its controller', async () => {
  const cgroups = board(v1)
  await cgroups.make(id, limits)
  const values = [
    read('cpu', 'shoal', id, 'cpu.shares'),
    read('memory', 'shoal', id, 'memory.limit_in_bytes'),
    read('memory', 'shoal', id, 'memory.memsw.limit_in_bytes'),
    read('pids', 'shoal', id, 'pids.max'),
  ]
  assert.deepEqual(values, ['1024', memory, memory, String(processesMax)])
})

test('kernels that do not count swap, or cannot kill a cgroup at once, do without', async () => {
  for (const [version, without] of [
    [v1, ['memory.memsw.limit_in_bytes']],
    [v2, ['memory.swap.max', 'cgroup.kill']],
  ] as const) {
    // prettier-ignore
    const cgroups = board(version, without)
    await cgroups.make(id, limits)
    cgroups.kill(id)
    cgroups.shut(id)
    for (const file of without) assert.throws(() => statSync(join(root, version === 2 ? '' : 'memory', 'shoal', id, file)), file)
    rmSync(root, { recursive: true })
  }
})

test('who enters is in each hierarchy, and is counted once', async () => {
  for (const version of [v1, v2]) {
    const cgroups = board(version)
    await cgroups.make(id, limits)
    cgroups.enter(id, 4_242)
    const where = version === 2 ? [['shoal']] : [['cpu', 'shoal'], ['memory', 'shoal'], ['pids', 'shoal']] // prettier-ignore
    for (const parts of where) assert.equal(read(...parts, id, 'cgroup.procs'), '4242')
    assert.deepEqual(cgroups.pids(id), [4_242])
    rmSync(root, { recursive: true })
  }
})

test('one that is shut starts nothing more; v2 kills it in one step', async () => {
  const [old, unified] = [board(v1), board(v2)]
  await old.make(id, limits)
  await unified.make(id, limits)
  for (const cgroups of [old, unified]) {
    cgroups.shut(id)
    cgroups.kill(id)
  }
  assert.deepEqual(
    [read('pids', 'shoal', id, 'pids.max'), read('shoal', id, 'pids.max'), read('shoal', id, 'cgroup.kill')],
    ['0', '0', '1'],
  )
})

test('whether memory was lacking is the kernel’s count of what it killed, not of how often it was short', async () => {
  for (const version of [v1, v2]) {
    const cgroups = board(version)
    await cgroups.make(id, limits)
    const file = version === 2 ? join(root, 'shoal', id, 'memory.events') : join(root, 'memory', 'shoal', id, 'memory.oom_control')
    const told = (kills: number): string =>
      version === 2 ? `low 0\nhigh 0\nmax 7\noom 3\noom_kill ${kills}\n` : `oom_kill_disable 0\nunder_oom 1\noom_kill ${kills}\n`
    writeFileSync(file, told(0))
    assert.equal(cgroups.hasLackedMemory(id), false)
    writeFileSync(file, told(2))
    assert.equal(cgroups.hasLackedMemory(id), true)
    await cgroups.make(id, limits)
    assert.equal(cgroups.hasLackedMemory(id), false, 'of an earlier run')
    rmSync(root, { recursive: true })
  }
})

test('it goes with all that is in it, known or not, and what is not there is gone', async () => {
  const cgroups = board(v2)
  await cgroups.make(id, limits)
  cgroups.enter(id, 4_242)
  await cgroups.remove(id)
  assert.deepEqual(readdirSync(join(root, 'shoal')), ['cgroup.kill', 'cgroup.procs', 'cgroup.subtree_control', 'cpu.weight', 'memory.events', 'memory.max', 'memory.swap.max', 'pids.max']) // prettier-ignore
  await cgroups.remove(id)
  assert.deepEqual([cgroups.pids(id), cgroups.hasLackedMemory(id)], [[], false])
})

test('cgroups that a task has made in its own count with it, and do not stay in its way', async () => {
  for (const version of [v1, v2]) {
    const cgroups = board(version)
    await cgroups.make(id, limits)
    const within = join(root, version === 2 ? '' : 'memory', 'shoal', id)
    for (const name of ['one', 'one/two']) {
      mkdirSync(join(within, name))
      writeFileSync(join(within, name, 'cgroup.procs'), '')
    }
    writeFileSync(join(within, 'one/two', 'cgroup.procs'), '4243')
    assert.deepEqual(cgroups.pids(id), [4_243])
    await cgroups.make(id, limits)
    assert.deepEqual([cgroups.pids(id), statSync(join(within, 'one'), { throwIfNoEntry: false })], [[], undefined])
    rmSync(root, { recursive: true })
  }
})

test('a folder that somebody else makes just then is there', async () => {
  const real = board(v2)
  const cgroups = new Cgroups(real.place, {
    make: () => {
      throw Object.assign(new Error('there'), { code: 'EEXIST' })
    },
    remove: () => undefined,
    end: () => undefined,
  })
  mkdirSync(join(root, 'shoal-other'))
  assert.throws(() => cgroups.open(), /ENOENT/, 'it is not there after all: the next step says so')
})

test('shares become weights as container runtimes do it', () => {
  assert.deepEqual([2, 100, 1_024, 262_144].map(weightOf), [1, 4, 39, 10_000])
})

test('a board that cannot make cgroups says why', () => {
  const place: CgroupPlace = { version: 2, mounts: { cpu: root, memory: root, pids: root }, parent: 'shoal' }
  const readOnly = new Cgroups(place, {
    make: () => {
      throw new Error("EROFS: read-only file system, mkdir '/sys/fs/cgroup/shoal'")
    },
    remove: () => undefined,
    end: () => undefined,
  })
  assert.match(cgroupsFault(() => ok(readOnly)) ?? '', /cannot make cgroups here: EROFS.*container/)
  assert.equal(
    cgroupsFault(() => refuse('E_DRIVER_DOWN', 'none here')),
    'none here',
  )
  assert.equal(
    cgroupsFault(() => ok(board(v2))),
    null,
  )
})
