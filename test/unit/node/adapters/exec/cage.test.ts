// What a driver of cages says while the board has none: that is not the task's fault, and may pass.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { refuse, ok } from '../../../../../crdt/errors.ts'
import { type FindCgroups, createCage } from '../../../../../node/adapters/exec/cage.ts'
import { Cgroups } from '../../../../../node/adapters/exec/cgroups.ts'
import { createProcessDriver } from '../../../../../node/adapters/raw-exec/driver.ts'
import { plainAccount } from '../../../../../node/adapters/raw-exec/program.ts'
import { silentLog } from '../../../../../node/adapters/task/log.ts'
import { taskRequest, testNode } from '../../../../acceptance/driver-harness.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'shoal-cage-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))

const readOnly = new Cgroups(
  { version: 2, mounts: { cpu: dataDir, memory: dataDir, pids: dataDir }, parent: 'shoal' },
  {
    make: () => {
      throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })
    },
    remove: () => {
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    },
    end: () => undefined,
  },
)

const boards: Readonly<Record<string, FindCgroups>> = {
  'has no cgroups yet': () => refuse('E_DRIVER_DOWN', 'none are mounted here'),
  'may not make any': () => ok(readOnly),
}

for (const [what, find] of Object.entries(boards)) {
  test(`a task on a board that ${what} waits for the driver`, async () => {
    const kind = { name: 'exec', folder: 'exec', accountOf: plainAccount, cage: createCage(find) } as const
    const fingerprint = async (): Promise<never> => await Promise.reject(new Error('not asked'))
    const driver = createProcessDriver({ node: testNode, dataDir, log: silentLog }, { ...kind, fingerprint })
    const config = { command: '/bin/true', args: [], volumes: [], privileged: false, readOnlyRoot: false }
    const started = await driver.start(taskRequest({ driver: 'exec', config }))
    assert.ok(!started.ok)
    assert.equal(started.code, 'E_DRIVER_DOWN', started.message)
    await driver.close()
  })
}
