// What only the docker driver does: images and registries, port mapping, limits, an engine that goes away, containers that an
// interrupted start left behind. Against a real engine; needs root and docker.io (`.ci/install`).

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { createDockerDriver } from '../../node/adapters/docker/driver.ts'
import { createContainer } from '../../node/adapters/docker/containers.ts'
import { createEngine } from '../../node/adapters/docker/engine.ts'
import { containerName } from '../../node/adapters/docker/labels.ts'
import type { ImageSources } from '../../node/adapters/docker/images.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import type { TaskDriver, TaskRequest } from '../../node/core/ports.ts'
import { type TestEngine, startTestEngine } from '../support/docker.ts'
import { type TestRegistry, type RegistryOptions, startRegistry } from './driver-registry.ts'
import { type TaskWishes, collectExits, readLogs, taskRequest, testNode, until } from './driver-harness.ts'

let engine: TestEngine
const drivers: TaskDriver[] = []
const registries: TestRegistry[] = []

before(async () => {
  engine = await startTestEngine()
})
after(() => engine.dispose())
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close()
  for (const registry of registries.splice(0)) await registry.close()
  for (const { Id } of await engine.docker.listContainers({ all: true })) await engine.docker.getContainer(Id).remove({ force: true })
})

function createDriver(sources: Partial<ImageSources> = {}): TaskDriver {
  const driver = createDockerDriver({
    node: testNode,
    dataDir: '',
    socketPath: engine.socketPath,
    registries: {},
    mirrors: {},
    log: silentLog,
    ...sources,
  })
  drivers.push(driver)
  return driver
}

async function registry(options: RegistryOptions): Promise<TestRegistry> {
  const made = await startRegistry(options)
  registries.push(made)
  return made
}

const plain = { volumes: [], privileged: false, readOnlyRoot: false }

function script(text: string, wishes: Partial<TaskWishes> = {}): TaskRequest {
  return taskRequest({ driver: 'docker', config: { ...plain, image: engine.image, command: '/bin/sh', args: ['-c', text] }, ...wishes })
}

function ofImage(image: string): TaskRequest {
  return taskRequest({ driver: 'docker', config: { ...plain, image, args: [] } })
}

const never = new AbortController().signal
const quiet = (): void => undefined

test('a task that eats more memory than it has is ended, and that is the reason given', async () => {
  const driver = createDriver()
  const exits = collectExits(driver)
  const task = script('exec tail /dev/zero', { memoryMib: 16 })
  assert.ok((await driver.start(task)).ok)
  assert.deepEqual(await exits.of(task.id), { exitCode: null, signal: 'SIGKILL', outOfMemory: true })
})

test('the engine is told all that the job says', async () => {
  const driver = createDriver()
  const base = script('sleep 600').spec.config
  const config = {
    ...base,
    volumes: ['/tmp:/host-tmp:ro'],
    readOnlyRoot: true,
    entrypoint: ['/bin/busybox'],
    command: 'sleep',
    args: ['600'],
  }
  const task = script('', { config, memoryMib: 32, logs: { maxFiles: 3, maxFileSizeMib: 2 } })
  assert.ok((await driver.start(task)).ok)
  const info = await engine.docker.getContainer(containerName(task.id)).inspect()
  const { Memory, CpuShares, CpuQuota, Binds, ReadonlyRootfs, Privileged, NetworkMode, RestartPolicy, LogConfig, Init } = info.HostConfig
  assert.deepEqual(
    { Memory, CpuShares, CpuQuota, Binds, ReadonlyRootfs, Privileged, NetworkMode, restart: RestartPolicy?.Name, LogConfig, Init },
    {
      Memory: 32 * 1024 * 1024,
      CpuShares: 100,
      CpuQuota: 0,
      Binds: ['/tmp:/host-tmp:ro'],
      ReadonlyRootfs: true,
      Privileged: false,
      NetworkMode: 'host',
      restart: 'no',
      LogConfig: { Type: 'json-file', Config: { 'max-file': '3', 'max-size': '2m' } },
      Init: true,
    },
  )
  assert.deepEqual([info.Path, ...info.Args], ['/bin/busybox', 'sleep', '600'])
})

test('in bridge mode a port of the board leads to the port of the task', async () => {
  const driver = createDriver()
  const network = { mode: 'bridge' as const, ports: [{ label: 'http', static: null, to: 8080 }] }
  const task = script('echo hello >/tmp/index.html; exec httpd -f -p 8080 -h /tmp', { network, ports: { http: 28_090 } })
  assert.ok((await driver.start(task)).ok)
  const page = (): Promise<string> =>
    fetch('http://127.0.0.1:28090/').then(
      (answer) => answer.text(),
      () => '',
    )
  await until('the page', async () => (await page()) === 'hello\n')
  // Its own port does not stand in its way.
  assert.ok((await driver.start(task)).ok)
  const second = await driver.start(script('sleep 600', { network, ports: { http: 28_090 } }))
  assert.equal(second.ok ? '' : second.code, 'E_PORT_IN_USE')
})

test('a container that was created but not started is started, not made again', async () => {
  const task = script('sleep 600')
  const made = await createContainer(createEngine(engine.socketPath), testNode, task, engine.image, true)
  assert.ok((await createDriver().start(task)).ok)
  assert.equal((await engine.docker.getContainer(containerName(task.id)).inspect()).Id, made)
})

test('adoption clears containers away that were never started', async () => {
  await createContainer(createEngine(engine.socketPath), testNode, script('sleep 600'), engine.image, true)
  assert.deepEqual(await createDriver().adopt(), [])
  assert.deepEqual(await engine.docker.listContainers({ all: true }), [])
})

test('a container with other settings under the same name is made anew', async () => {
  const driver = createDriver()
  const exits = collectExits(driver)
  const task = script('echo $WORD', { env: { WORD: 'old' } })
  assert.ok((await driver.start(task)).ok)
  await exits.of(task.id)
  assert.ok((await driver.start({ ...task, env: { WORD: 'new' } })).ok)
  await until('the new word', async () => (await readLogs(driver, task.id)) === 'new\n')
})

test('a stranger with our name is left alone, and named', async () => {
  const task = script('sleep 600')
  await engine.docker.createContainer({ name: containerName(task.id), Image: engine.image, Cmd: ['sleep', '600'] })
  const driver = createDriver()
  const refused = await driver.start(task)
  assert.ok(!refused.ok)
  assert.equal(refused.code, 'E_START')
  assert.match(refused.message, /another container has the name .*docker rm/)
  await driver.remove(task.id)
  assert.equal((await engine.docker.listContainers({ all: true })).length, 1)
})

test('another node at the same engine sees nothing of ours', async () => {
  assert.ok((await createDriver().start(script('sleep 600'))).ok)
  const other = createDriver({ node: `12D3KooW${'B'.repeat(44)}` } as object)
  assert.deepEqual(await other.adopt(), [])
})

test('an engine that restarts: the end of its containers is told, and the driver goes on', async () => {
  const driver = createDriver()
  const exits = collectExits(driver)
  const [killed, stopped] = [script('sleep 600'), script('sleep 600')]
  assert.ok((await driver.start(killed)).ok)
  await engine.kill()
  const down = await driver.fingerprint()
  assert.equal(down.health.healthy, false)
  assert.match(down.health.reason, /does not answer|no engine/)
  const refused = await driver.start(stopped)
  assert.equal(refused.ok ? '' : refused.code, 'E_DRIVER_DOWN')
  await engine.start()
  assert.notEqual((await exits.of(killed.id)).exitCode, 0)
  assert.equal((await driver.fingerprint()).health.healthy, true)
  assert.ok((await driver.start(stopped)).ok)
  await engine.stop()
  await engine.start()
  assert.notEqual((await exits.of(stopped.id)).exitCode, 0)
  assert.equal(exits.all.length, 2)
})

test('a container that somebody removes is told as ended', async () => {
  const driver = createDriver()
  const exits = collectExits(driver)
  const task = script('sleep 600')
  assert.ok((await driver.start(task)).ok)
  await engine.docker.getContainer(containerName(task.id)).remove({ force: true })
  assert.equal((await exits.of(task.id)).exitCode, null)
})

test('an image that is here is never looked for elsewhere', async () => {
  const mirror = await registry({ image: 'library/shoal-test', tag: '1' })
  const driver = createDriver({ mirrors: { 'docker.io': [mirror.host] } })
  assert.ok((await driver.prepare(script('exit 0'), quiet, never)).ok)
  assert.deepEqual(mirror.asked, [])
  assert.deepEqual((await driver.fingerprint()).images, [engine.image])
})

test('an image comes from the mirror under the name that was asked for', async () => {
  const mirror = await registry({ image: 'some/tiny', tag: '2' })
  const driver = createDriver({ mirrors: { 'docker.io': ['127.0.0.1:1', mirror.host] } })
  const words: string[] = []
  assert.deepEqual(await driver.prepare(ofImage('some/tiny:2'), (text) => words.push(text), never), { ok: true, value: undefined })
  assert.match(words[0] ?? '', /^pulling some\/tiny:2/)
  const tags = (await engine.docker.listImages()).flatMap((image) => image.RepoTags ?? [])
  assert.deepEqual(tags.sort(), [engine.image, 'some/tiny:2'])
  const refused = await driver.start(ofImage('some/tiny:2'))
  assert.equal(refused.ok ? '' : refused.code, 'E_CONFIG')
  await engine.docker.getImage('some/tiny:2').remove()
})

test('a private registry gets the login of the node', async () => {
  const login = { username: 'board', password: 'secret' }
  const place = await registry({ image: 'own/thing', tag: '1', login })
  const image = `${place.host}/own/thing:1`
  const refused = await createDriver().prepare(ofImage(image), quiet, never)
  assert.ok(!refused.ok)
  assert.equal(refused.code, 'E_IMAGE_PULL')
  assert.match(refused.message, /login/)
  assert.doesNotMatch(refused.message, /secret/)
  const taken = await createDriver({ registries: { [place.host]: login } }).prepare(ofImage(image), quiet, never)
  assert.ok(taken.ok)
  await engine.docker.getImage(image).remove()
})

test('no such image and no such registry are told apart', async () => {
  const place = await registry({ image: 'own/thing', tag: '1' })
  const driver = createDriver()
  const missing = await driver.prepare(ofImage(`${place.host}/own/thing:2`), quiet, never)
  assert.equal(missing.ok ? '' : missing.code, 'E_IMAGE_MISSING')
  const away = await driver.prepare(ofImage('127.0.0.1:1/own/thing:1'), quiet, never)
  assert.equal(away.ok ? '' : away.code, 'E_IMAGE_PULL')
  const wrong = await driver.prepare(ofImage('Not A Name'), quiet, never)
  assert.equal(wrong.ok ? '' : wrong.code, 'E_CONFIG')
  const unfetched = await driver.start(ofImage('own/thing:1'))
  assert.equal(unfetched.ok ? '' : unfetched.code, 'E_IMAGE_PULL')
})

test('a pull can be called off', async () => {
  const place = await registry({ image: 'own/slow', tag: '1', hangs: true })
  const enough = new AbortController()
  const pulling = createDriver().prepare(ofImage(`${place.host}/own/slow:1`), quiet, enough.signal)
  await until('the layer', () => place.asked.some((path) => path.includes('/blobs/')))
  enough.abort()
  const refused = await pulling
  assert.ok(!refused.ok)
  assert.match(refused.message, /cancelled/)
})
