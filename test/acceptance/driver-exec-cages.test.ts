// What only the exec driver does: users, rights, limits, a /tmp of each task's own, and that nothing gets out of its cgroup.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Controller, controllers } from '../../node/adapters/exec/cgroup-place.ts'
import { processesMax } from '../../node/adapters/exec/cgroups.ts'
import { createExecDriver } from '../../node/adapters/exec/driver.ts'
import { isAlive } from '../../node/adapters/raw-exec/group.ts'
import { wasStartedWith } from '../../node/adapters/raw-exec/proc.ts'
import { leaderOf, readRecord, taskFolder } from '../../node/adapters/raw-exec/record.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import type { TaskExit, TaskRequest } from '../../node/core/ports.ts'
import { type Cases, playCases, request, start } from './driver-cases.ts'
import { cgroupParent, cgroups, harness, home } from './driver-exec-harness.ts'
import {
  type DriverHarness,
  type TaskWishes,
  collectExits,
  isRunning,
  logged,
  processesWith,
  readLogs,
  testNode,
  until,
} from './driver-harness.ts'

function script(text: string, wishes: Partial<TaskWishes> = {}, user?: string): TaskRequest {
  const config = { ...harness().config(text), ...(user === undefined ? {} : { user }) }
  return request({ driver: 'exec', config, ...wishes })
}

/** More than the limit of every task here, by a program that is not a shell. */
const greedy = 'head -c 200000000 /dev/zero | tail'
const outOfMemory: TaskExit = { exitCode: null, signal: 'SIGKILL', outOfMemory: true }

let marks = 0
const freshMark = (): string => `9${process.pid}${(marks += 1)}`

const caged: Cases<DriverHarness> = {
  async 'who names no user is nobody, and can gain nothing'(driver) {
    const exits = collectExits(driver)
    const task = script('id -u; id -G; grep -E "^(NoNewPrivs|CapBnd|CapPrm)" /proc/self/status; echo "$HOME $USER"')
    await start(driver, task)
    await exits.of(task.id)
    const rights = 'CapPrm:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1'
    assert.equal(await readLogs(driver, task.id), `65534\n65534\n${rights}\n/tmp nobody\n`)
  },

  async 'it has no open file but its own: it cannot write down how it ended'(driver) {
    const exits = collectExits(driver)
    // Not through a pipe, whose ends the shell has open for a moment itself.
    const task = script('ls -l /proc/$$/fd')
    await start(driver, task)
    await exits.of(task.id)
    const open = [...(await readLogs(driver, task.id)).matchAll(/ (\d+) -> (.*)$/gm)].map(([, number, file]) => `${number} ${file}`)
    // Numbers that the agent itself was given by accident lead nowhere.
    const own = open.filter((line) => !line.endsWith(' /dev/null'))
    assert.deepEqual([open[0], own.map((line) => line.split(' ')[0])], ['0 /dev/null', ['1', '2']], open.join('\n'))
  },

  async 'root is refused under each of its names, until the owner allows it'(driver, { agentOptions }) {
    for (const user of ['root', '0', '00', 'root:nogroup', 'nobody:root', 'nobody:0', '4294967295', '4294967296', 'nobody:4294967295']) {
      const task = script('id -u', {}, user)
      for (const refused of [await driver.start(task), await driver.prepare(task, () => undefined, new AbortController().signal)]) {
        assert.ok(!refused.ok, user)
        assert.equal(refused.code, 'E_CONFIG')
      }
    }
    const options = { node: testNode, dataDir: agentOptions['dataDir']!, user: 'nobody', users: [], cgroupParent, log: silentLog }
    const notListed = await driver.start(script('id -u', {}, 'nobody:shadow'))
    assert.deepEqual([notListed.ok, !notListed.ok && notListed.code], [false, 'E_CONFIG'])
    const allowing = createExecDriver({ ...options, allowRoot: true })
    const exits = collectExits(allowing)
    const task = script('id -u', {}, 'root')
    await start(allowing, task)
    await exits.of(task.id)
    assert.equal(await readLogs(allowing, task.id), '0\n')
    await allowing.close()
  },

  async 'its /tmp is its own, and that of programs beside it'(driver) {
    const name = `shoal-${freshMark()}`
    const exits = collectExits(driver)
    const text = `echo mine >/tmp/${name}; cat /var/tmp/${name}; echo ready; sleep 600`
    const [first, second] = [script(text), script(`ls /tmp /var/tmp; [ -w /tmp ] && echo writable`)]
    await start(driver, first)
    await logged(driver, first.id, 'mine\nready')
    assert.equal(existsSync(`/tmp/${name}`) || existsSync(`/var/tmp/${name}`), false)
    await start(driver, second)
    await exits.of(second.id)
    assert.equal(await readLogs(driver, second.id), '/tmp:\n\n/var/tmp:\nwritable\n')
    const beside = await driver.exec(first, ['/bin/sh', '-c', `cat /tmp/${name}; id -u`], { timeoutMs: 20_000, outputBytesMax: 64 })
    assert.deepEqual(beside.ok && beside.value, { exitCode: 0, output: 'mine\n65534\n' })
  },

  async 'what a job puts into the environment reaches the program alone, whatever it is called'(driver) {
    const exits = collectExits(driver)
    const secret = `secret-${freshMark()}`
    const env = {
      LD_PRELOAD: '/no/such/library.so',
      ENV: '/no/such/profile',
      BASH_ENV: '/no/such/profile',
      PATH: '/no/such/folder',
      IFS: 'x',
      UID: '7',
      OPTIND: '5',
      shoal_line: 'a',
      LINES: `one\n+two\n\n=three \\n "$HOME" 'q'\n.\n!\n${secret}\n`,
      'my.name': '?',
    }
    const text = `/usr/bin/tr '\\0' '\\001' </proc/$$/environ; echo; echo ready; /bin/sleep 600`
    const task = script(text, { env })
    await start(driver, task)
    await logged(driver, task.id, '\nready\n')
    const seen = (await readLogs(driver, task.id)).split('\u0001')
    for (const [name, value] of Object.entries(env)) assert.ok(seen.includes(`${name}=${value}`), name)
    const { pid } = readRecord(taskFolder(home, task.id))!.leader
    const names = readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .map((entry) => entry.split('=')[0])
    assert.deepEqual(names.filter(Boolean).sort(), ['PATH', 'SHOAL_TASK_ID'])
    assert.equal(processesWith(secret), 0)
    assert.ok((await driver.stop(task.id, 'SIGKILL', 0)).ok)
    await exits.of(task.id)
  },

  async 'a program that takes more memory than its task has is killed, and that is told as the reason, once'(driver) {
    const exits = collectExits(driver)
    const [task, other] = [script(`exec ${greedy.split(' | ')[1]} /dev/zero`, { memoryMib: 16 }), script('sleep 600')]
    await start(driver, other)
    await start(driver, task)
    assert.deepEqual(await exits.of(task.id), outOfMemory)
    await driver.adopt()
    await driver.stop(other.id, 'SIGKILL', 0)
    assert.deepEqual(exits.all, [[task.id, outOfMemory], [other.id, { exitCode: null, signal: 'SIGKILL', outOfMemory: false }]]) // prettier-ignore
  },

  async 'one that ran out of memory while no agent ran is told so by the next'(driver, { create }) {
    const task = script('until [ -e go ]; do sleep 0.05; done; exec tail /dev/zero', { memoryMib: 16 })
    await start(driver, task)
    await driver.close()
    const folder = taskFolder(home, task.id)
    writeFileSync(join(folder.work, 'go'), '')
    await until('its end', () => !isAlive(leaderOf(readRecord(folder)!, true)))
    const next = create()
    const exits = collectExits(next)
    assert.deepEqual(await next.adopt(), [])
    assert.deepEqual(await exits.of(task.id), outOfMemory)
    // It starts anew with nothing held against it.
    await start(next, { ...task, spec: { ...task.spec, config: harness().config('exit 3') } })
    await until('its second end', () => exits.all.length === 2)
    assert.deepEqual(exits.all[1], [task.id, { exitCode: 3, signal: null, outOfMemory: false }])
    await next.remove(task.id)
    await next.close()
  },

  async 'a child that ran out of memory and was survived is no failure'(driver) {
    const exits = collectExits(driver)
    const task = script(`${greedy} >/dev/null; echo survived; exit 0`, { memoryMib: 16 })
    await start(driver, task)
    assert.deepEqual(await exits.of(task.id), { exitCode: 0, signal: null, outOfMemory: false })
    assert.equal(await readLogs(driver, task.id), 'survived\n')
    const later = script(`${greedy} >/dev/null; exit 3`, { memoryMib: 16 })
    await start(driver, later)
    assert.deepEqual(await exits.of(later.id), { exitCode: 3, signal: null, outOfMemory: false })
    assert.ok(cgroups.hasLackedMemory(task.id), 'it did')
  },

  async 'nor is it the reason of an end that was asked for'(driver) {
    const exits = collectExits(driver)
    const task = script(`${greedy} >/dev/null; trap "exit 4" TERM; echo survived; while true; do sleep 0.05; done`, { memoryMib: 16 })
    await start(driver, task)
    await logged(driver, task.id, 'survived')
    assert.ok((await driver.stop(task.id, 'SIGTERM', 20_000)).ok)
    assert.deepEqual(exits.all, [[task.id, { exitCode: 4, signal: null, outOfMemory: false }]])
  },

  async 'limits stand in its cgroup, which goes with it'(driver) {
    const task = script('echo ready; sleep 600', { memoryMib: 24 })
    const { mounts, parent, version } = cgroups.place
    const folderOf = (controller: Controller): string => join(mounts[controller], parent, task.id)
    const valueOf = (controller: Controller, file: string): string => readFileSync(join(folderOf(controller), file), 'utf8').trim()
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    assert.equal(valueOf('memory', version === 2 ? 'memory.max' : 'memory.limit_in_bytes'), String(24 * 1024 * 1024))
    assert.equal(valueOf('cpu', version === 2 ? 'cpu.weight' : 'cpu.shares'), version === 2 ? '4' : '100')
    assert.equal(valueOf('pids', 'pids.max'), String(processesMax))
    assert.ok(cgroups.pids(task.id).length >= 2, 'the supervisor and the program')
    await driver.remove(task.id)
    assert.deepEqual(
      controllers.filter((controller) => existsSync(folderOf(controller))),
      [],
    )
  },

  async 'nothing escapes a stop: not by two forks, a session of its own and another environment'(driver) {
    const exits = collectExits(driver)
    const mark = freshMark()
    const task = script(`(setsid env -i /bin/sh -c 'setsid env -i sleep ${mark} & exit 0' & exit 0); echo ready; sleep 600`)
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    await until('the grandchild', () => isRunning(mark))
    const [pid = 0] = cgroups.pids(task.id).filter((one) => readFileSync(`/proc/${one}/cmdline`, 'latin1').startsWith(`sleep\0${mark}`))
    assert.equal(wasStartedWith(pid, `SHOAL_TASK_ID=${task.id}`), false)
    assert.ok((await driver.stop(task.id, 'SIGTERM', 200)).ok)
    assert.equal(isRunning(mark), false)
    assert.equal(exits.all.length, 1)
  },

  async 'a program that hands itself on without end is killed with its task'(driver) {
    const mark = freshMark()
    // Each lives for a moment only, and has begun the next one by then.
    const next = `exec 9>/dev/null; echo x >>handed; setsid env -i /bin/sh "$0" ${mark} & exit 0`
    const task = script(`echo '${next}' >next; setsid env -i /bin/sh ./next ${mark} & sleep 600`)
    await start(driver, task)
    const handed = join(taskFolder(home, task.id).work, 'handed')
    await until('it goes on', () => existsSync(handed) && statSync(handed).size > 50)
    assert.ok((await driver.stop(task.id, 'SIGKILL', 0)).ok)
    assert.deepEqual([isRunning(mark), cgroups.pids(task.id)], [false, []])
  },

  async 'what runs without a readable record is ended by the next start, and by its removal'(driver, { create }) {
    const mark = freshMark()
    const tear = (task: TaskRequest): void => writeFileSync(taskFolder(home, task.id).record, '{"torn')
    const task = script(`echo ready; sleep ${mark}`)
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    await driver.close()
    tear(task)
    const next = create()
    assert.deepEqual(await next.adopt(), [])
    await start(next, { ...task, spec: { ...task.spec, config: harness().config('echo anew; sleep 600') } })
    await logged(next, task.id, 'anew')
    assert.equal(isRunning(mark), false)
    await next.close()
    tear(task)
    const last = create()
    await last.remove(task.id)
    assert.deepEqual([cgroups.pids(task.id), existsSync(taskFolder(home, task.id).root)], [[], false])
    await last.close()
  },

  async 'a program beside a task counts with it'(driver) {
    const task = script('echo ready; sleep 600', { memoryMib: 16 })
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    const end = await driver.exec(task, ['/bin/sh', '-c', 'tail /dev/zero'], { timeoutMs: 60_000, outputBytesMax: 64 })
    assert.ok(end.ok && end.value.exitCode !== 0, JSON.stringify(end))
    assert.ok(cgroups.hasLackedMemory(task.id))
  },
}

playCases(caged, harness)
