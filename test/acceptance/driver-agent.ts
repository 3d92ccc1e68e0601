// An agent that does nothing but start one task and say so; the tests kill it. Arguments: options and request, as JSON.

import type { TaskDriver, TaskRequest } from '../../node/core/ports.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import { createDockerDriver } from '../../node/adapters/docker/driver.ts'
import { createExecDriver } from '../../node/adapters/exec/driver.ts'
import { createRawExecDriver } from '../../node/adapters/raw-exec/driver.ts'
import { testNode } from './driver-harness.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>
const task = JSON.parse(process.argv[3] ?? '{}') as TaskRequest

const dataDir = options['dataDir'] ?? ''
const common = { node: testNode, dataDir, log: silentLog }
const made: Readonly<Record<TaskDriver['name'], () => TaskDriver>> = {
  docker: () => createDockerDriver({ ...common, socketPath: options['socketPath'], registries: {}, mirrors: {} }),
  raw_exec: () => createRawExecDriver(common),
  exec: () =>
    createExecDriver({ ...common, user: 'nobody', users: ['1000'], allowRoot: false, cgroupParent: options['cgroupParent'] ?? '' }),
}
const driver = made[task.spec.driver]()
const started = await driver.start(task)
console.log(JSON.stringify(started))
// Stays until it is killed.
setInterval(() => undefined, 60_000)
