// The acceptance suite of task drivers, against a real container engine. Needs root and docker.io (`.ci/install`).

import { after, before } from 'node:test'
import { createDockerDriver } from '../../node/adapters/docker/driver.ts'
import { containerName } from '../../node/adapters/docker/labels.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import { type TestEngine, startTestEngine } from '../support/docker.ts'
import { acceptDriver } from './driver.ts'
import { acceptDriverContract } from './driver-contract.ts'
import { type DriverHarness, contractOf, testNode } from './driver-harness.ts'

let engine: TestEngine
before(async () => {
  engine = await startTestEngine()
})
after(() => engine.dispose())

const harness = (): DriverHarness => ({
  name: 'docker',
  create: () =>
    createDockerDriver({ node: testNode, dataDir: '', socketPath: engine.socketPath, registries: {}, mirrors: {}, log: silentLog }),
  agentOptions: { socketPath: engine.socketPath },
  config: (script) => ({
    image: engine.image,
    command: '/bin/sh',
    args: ['-c', script],
    volumes: [],
    privileged: false,
    readOnlyRoot: false,
  }),
  async identity(id) {
    const info = await engine.docker.getContainer(containerName(id)).inspect()
    return `${info.Id} ${info.State.Pid}`
  },
  async isRunning(id) {
    const info = await engine.docker.getContainer(containerName(id)).inspect()
    return info.State.Running
  },
})

acceptDriverContract(() => contractOf(harness()))
acceptDriver(harness)
