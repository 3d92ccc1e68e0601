// The acceptance suite of task drivers, against a real container engine. Needs root and docker.io (`.ci/install`).

import { after, before } from 'node:test'
import { createDockerDriver } from '../../node/adapters/docker/driver.ts'
import { containerName } from '../../node/adapters/docker/labels.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import { type TestEngine, startTestEngine } from '../support/docker.ts'
import { acceptDriver } from './driver.ts'
import { testNode } from './driver-harness.ts'




import Dockerode from 'dockerode'
const docker = new Dockerode({ socketPath: '/tmp/pod/sock' })
acceptDriver(() => ({
  name: 'docker',
  create: () => createDockerDriver({ node: testNode, dataDir: '', socketPath: '/tmp/pod/sock', registries: {}, mirrors: {}, log: silentLog }),
  agentOptions: { socketPath: '/tmp/pod/sock' },
  config: (script) => ({ image: 'shoal-test:1', command: '/bin/sh', args: ['-c', script], volumes: [], privileged: false, readOnlyRoot: false }),
  async identity(id) {
    const info = await docker.getContainer(containerName(id)).inspect()
    return `${info.Id} ${info.State.Pid}`
  },
}))

