// The acceptance suite of task drivers, against processes in cages. Run as root, where cgroups can be made.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { boardCgroups } from '../../node/adapters/exec/cage.ts'
import { parentsOf } from '../../node/adapters/exec/cgroup-place.ts'
import { createExecDriver } from '../../node/adapters/exec/driver.ts'
import { isAlive } from '../../node/adapters/raw-exec/group.ts'
import { leaderOf, readRecord, taskFolder } from '../../node/adapters/raw-exec/record.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import { acceptDriver } from './driver.ts'
import { type Cases, playCases, request, start } from './driver-cases.ts'
import { acceptDriverContract } from './driver-contract.ts'
import {
  type DriverHarness,
  collectExits,
  contractOf,
  isRunning,
  logged,
  processesWith,
  readLogs,
  testNode,
  until,
} from './driver-harness.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'shoal-exec-'))
const home = join(dataDir, 'exec')
const cgroupParent = `shoal-test-${process.pid}`
const found = boardCgroups(cgroupParent)()
assert.ok(found.ok, JSON.stringify(found))
const cgroups = found.value
after(() => {
  rmSync(dataDir, { recursive: true, force: true })
  // Empty: all tasks are gone.
  for (const folder of parentsOf(cgroups.place)) rmdirSync(folder)
})

const harness = (): DriverHarness => ({
  name: 'exec',
  create: () => createExecDriver({ node: testNode, dataDir, user: 'nobody', allowRoot: false, cgroupParent, log: silentLog }),
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
acceptDriverContract(() => contractOf(harness()))
acceptDriver(harness)
