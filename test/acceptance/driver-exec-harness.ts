// Drivers of kind exec over this machine's cgroups, in a folder and below a cgroup of the test's own, which go when it has ended.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { boardCgroups } from '../../node/adapters/exec/cage.ts'
import { parentsOf } from '../../node/adapters/exec/cgroup-place.ts'
import { createExecDriver } from '../../node/adapters/exec/driver.ts'
import { isAlive } from '../../node/adapters/raw-exec/group.ts'
import { leaderOf, readRecord, taskFolder } from '../../node/adapters/raw-exec/record.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import { type DriverHarness, testNode } from './driver-harness.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'shoal-exec-'))
export const home = join(dataDir, 'exec')
export const cgroupParent = `shoal-test-${process.pid}`
const found = boardCgroups(cgroupParent)()
assert.ok(found.ok, JSON.stringify(found))
export const cgroups = found.value
after(() => {
  rmSync(dataDir, { recursive: true, force: true })
  // Empty: all tasks are gone.
  for (const folder of parentsOf(cgroups.place)) rmdirSync(folder)
})

export const harness = (): DriverHarness => ({
  name: 'exec',
  create: () =>
    createExecDriver({ node: testNode, dataDir, user: 'nobody', users: ['1000'], allowRoot: false, cgroupParent, log: silentLog }),
  agentOptions: { dataDir, cgroupParent },
  config: (script) => ({ command: '/bin/sh', args: ['-c', script], volumes: [], privileged: false, readOnlyRoot: false }),
  async identity(id) {
    const { pid } = readRecord(taskFolder(home, id))!.leader
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1')}`
  },
  async isRunning(id) {
    const record = readRecord(taskFolder(home, id))
    return record !== undefined && isAlive(leaderOf(record, true))
  },
})
