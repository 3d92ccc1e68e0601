// The acceptance suite of task drivers, against plain processes. Run as root: one case changes the user.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { createRawExecDriver } from '../../node/adapters/raw-exec/driver.ts'
import { isAlive } from '../../node/adapters/raw-exec/group.ts'
import { leaderOf, readRecord, taskFolder } from '../../node/adapters/raw-exec/record.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import { acceptDriver } from './driver.ts'
import { type Cases, playCases, request, start } from './driver-cases.ts'
import { acceptDriverContract } from './driver-contract.ts'
import { type DriverHarness, contractOf, processesWith, testNode, until } from './driver-harness.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'shoal-raw-exec-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))

const harness = (): DriverHarness => ({
  name: 'raw_exec',
  create: () => createRawExecDriver({ node: testNode, dataDir, log: silentLog }),
  agentOptions: { dataDir },
  config: (script) => ({ command: '/bin/sh', args: ['-c', script], volumes: [], privileged: false, readOnlyRoot: false }),
  async identity(id) {
    const record = JSON.parse(readFileSync(join(dataDir, 'raw-exec', id, 'task.json'), 'utf8')) as { leader: { pid: number } }
    return `${record.leader.pid} ${readFileSync(`/proc/${record.leader.pid}/cmdline`, 'latin1')}`
  },
  async isRunning(id) {
    const record = readRecord(taskFolder(join(dataDir, 'raw-exec'), id))
    return record !== undefined && isAlive(leaderOf(record, true))
  },
})

// An engine's own programs beside a container are its own to end.
const children: Cases<DriverHarness> = {
  async 'what a program beside a task left running is gone with it'(driver, { name, config }) {
    const task = request({ driver: name, config: config('sleep 600') })
    await start(driver, task)
    const mark = `8${process.pid}`
    const end = await driver.exec(task, ['/bin/sh', '-c', `sleep ${mark} & echo done`], { timeoutMs: 60_000, outputBytesMax: 64 })
    assert.deepEqual(end.ok && end.value, { exitCode: 0, output: 'done\n' })
    await until('nothing of it is left', () => processesWith(mark) === 0)
  },
}

playCases(children, harness)
acceptDriverContract(() => contractOf(harness()))
acceptDriver(harness)
