import assert from 'node:assert/strict'
import { type RequestListener, createServer } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { getEventListeners, once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { containerConfig } from '../../../../../node/adapters/docker/container-config.ts'
import { splitLine } from '../../../../../node/adapters/docker/container-logs.ts'
import { exitOfState, isEnded } from '../../../../../node/adapters/docker/container-watch.ts'
import { createDockerDriver } from '../../../../../node/adapters/docker/driver.ts'
import { EngineError, createEngine } from '../../../../../node/adapters/docker/engine.ts'
import { refuseStart } from '../../../../../node/adapters/docker/failure.ts'
import { familiarName, imageAt, parseImageReference } from '../../../../../node/adapters/docker/image-reference.ts'
import { jsonLines } from '../../../../../node/adapters/docker/json-lines.ts'
import { containerName, labelsOf, taskOfLabels } from '../../../../../node/adapters/docker/labels.ts'
import { logFrames } from '../../../../../node/adapters/docker/log-frames.ts'
import { placesOf } from '../../../../../node/adapters/docker/missing-program.ts'
import { pullFailure } from '../../../../../node/adapters/docker/pull-failure.ts'
import { createPullProgress } from '../../../../../node/adapters/docker/pull-progress.ts'
import { silentLog } from '../../../../../node/adapters/task/log.ts'
import { type TaskDriver, taskDirMark } from '../../../../../node/core/ports.ts'
import { readLogs, taskRequest, testNode } from '../../../../acceptance/driver-harness.ts'

const task = taskRequest({
  driver: 'docker',
  config: { image: 'busybox', args: ['a', 'b'], volumes: [], privileged: false, readOnlyRoot: false },
  ports: { http: 20_001, dns: 20_002 },
  env: { A: '1' },
})

test('names of images, as Docker reads them', () => {
  const cases: [string, unknown][] = [
    ['busybox', ['docker.io', 'library/busybox', 'latest', null]],
    ['some/thing:1.2', ['docker.io', 'some/thing', '1.2', null]],
    ['docker.io/busybox:1', ['docker.io', 'library/busybox', '1', null]],
    ['localhost/x', ['localhost', 'x', 'latest', null]],
    ['host:5000/a/b:c', ['host:5000', 'a/b', 'c', null]],
    [`ghcr.io/a/b@sha256:${'0'.repeat(64)}`, ['ghcr.io', 'a/b', 'latest', `sha256:${'0'.repeat(64)}`]],
  ]
  for (const [text, parts] of cases) {
    const found = parseImageReference(text)
    assert.deepEqual([found?.registry, found?.repository, found?.tag, found?.digest], parts, text)
  }
  for (const bad of ['', 'Upper/case', 'a b', 'a:b:', 'x@sha256:12', 'x@y@z', ':tag', 'a/'])
    assert.equal(parseImageReference(bad), undefined, bad)
})

test('a mirror has the same image under its own name', () => {
  const reference = parseImageReference('busybox:1')
  assert.ok(reference)
  assert.deepEqual(imageAt(reference, 'mirror:5000/hub'), { name: 'mirror:5000/hub/library/busybox', tag: '1' })
  assert.deepEqual(imageAt(reference, null), { name: 'docker.io/library/busybox', tag: '1' })
  assert.equal(familiarName('docker.io/library/busybox:1'), 'busybox:1')
  assert.equal(familiarName('docker.io/a/b:1'), 'a/b:1')
  assert.equal(familiarName('ghcr.io/a/b:1'), 'ghcr.io/a/b:1')
})

test('labels bring back the task; a stranger’s labels bring nothing', () => {
  const labels = labelsOf(testNode, task)
  const { id, slot, alloc, generation, form, updates, ports } = task
  const running = { id, slot, alloc, generation, form, updates, ports, task: 'app', startedAt: 7 }
  assert.deepEqual(taskOfLabels(labels, 7), running)
  const { 'shoal.updates': _updates, ...former } = labels
  assert.deepEqual(taskOfLabels(former, 7), { ...running, updates: null })
  for (const [name, value] of [
    ['shoal.id', '../x'],
    ['shoal.generation', 'x'],
    ['shoal.updates', 'x'],
    ['shoal.ports', '[]'],
    ['shoal.ports', '{"a":"b"}'],
    ['shoal.ports', '{'],
  ]) {
    assert.equal(taskOfLabels({ ...labels, [name as string]: value as string }, 7), undefined)
  }
  assert.equal(taskOfLabels({}, 7), undefined)
  assert.equal(containerName('a.b.c d'), 'shoal-a.b.c-d')
})

test('ports are mapped in bridge mode only, for both protocols', () => {
  const choices = { image: 'busybox', init: true }
  const ports = [
    { label: 'dns', static: null, to: 53 },
    { label: 'http', static: null, to: null },
  ]
  const bridged = containerConfig(testNode, { ...task, network: { mode: 'bridge', ports } }, choices)
  assert.deepEqual(bridged.HostConfig?.PortBindings, {
    '53/tcp': [{ HostPort: '20002' }],
    '53/udp': [{ HostPort: '20002' }],
    '20001/tcp': [{ HostPort: '20001' }],
    '20001/udp': [{ HostPort: '20001' }],
  })
  const host = containerConfig(testNode, { ...task, network: { mode: 'host', ports } }, choices)
  assert.equal(host.HostConfig?.PortBindings, undefined)
  assert.deepEqual([host.Cmd, host.Entrypoint, host.Env], [['a', 'b'], undefined, ['A=1']])
})

test('devices are mapped one by one, under their own names, and labels bring them back', () => {
  const choices = { image: 'busybox', init: true }
  assert.equal(containerConfig(testNode, task, choices).HostConfig?.Devices, undefined)
  const path = '/dev/serial/by-path/pci-0000:00:14.0'
  const devices = [{ name: 'serial', key: 'k', path }]
  const given = { ...task, devices }
  const [mapped] = containerConfig(testNode, given, choices).HostConfig?.Devices ?? []
  assert.deepEqual(mapped, { PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm' })
  const labels = labelsOf(testNode, given)
  assert.deepEqual(taskOfLabels(labels, 7)?.devices, devices)
  for (const odd of ['{', '7', '[7, null, {}]', '[{"name":"serial","key":"k","path":"/dev/a,b"}]'])
    assert.equal(taskOfLabels({ ...labels, 'shoal.devices': odd }, 7)?.devices, undefined)
})

test('a container is told of its folder if it is given anything, and of nothing else', () => {
  const told = { ...task, spec: { ...task.spec, config: { ...task.spec.config, args: [`${taskDirMark}/in`, '${SHOAL_TASK_DIR}'] } } }
  const given = { ...told, env: { IN: `${taskDirMark}/in` }, spec: { ...told.spec, dispatchPayloadFile: 'in' } }
  const made = containerConfig(testNode, given, { image: 'busybox', init: true })
  assert.deepEqual(
    [made.Cmd, made.Env],
    [
      ['/local/in', '${SHOAL_TASK_DIR}'],
      ['IN=/local/in', 'SHOAL_TASK_DIR=/local'],
    ],
  )
})

test('the engine’s words become codes', () => {
  const codeOf = (status: number | null, words: string): string => refuseStart(new EngineError(status, words), 'x', 'busybox').code
  assert.equal(codeOf(null, 'no answer'), 'E_DRIVER_DOWN')
  assert.equal(
    codeOf(500, 'driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:80 failed: port is already allocated'),
    'E_PORT_IN_USE',
  )
  assert.equal(codeOf(500, 'listen tcp4 0.0.0.0:80: bind: address already in use'), 'E_PORT_IN_USE')
  assert.equal(codeOf(404, 'No such image: busybox:latest'), 'E_IMAGE_PULL')
  assert.equal(codeOf(400, 'OCI runtime create failed: exec: "/x": stat /x: no such file or directory: unknown'), 'E_CONFIG')
  assert.equal(codeOf(500, 'unable to find user app: no matching entries in passwd file'), 'E_CONFIG')
  assert.equal(codeOf(500, 'mkdir /var/lib/docker/overlay2: no space left on device'), 'E_START')
})

test('a registry that has nothing is told from one that cannot be asked', () => {
  const codeOf = (status: number | null, words: string): string => pullFailure(new EngineError(status, words), 'busybox', 'docker.io').code
  assert.equal(codeOf(404, 'manifest for busybox:9 not found: manifest unknown: manifest unknown'), 'E_IMAGE_MISSING')
  assert.equal(codeOf(404, "pull access denied for x, repository does not exist or may require 'docker login'"), 'E_IMAGE_MISSING')
  assert.equal(codeOf(500, 'no matching manifest for linux/arm64/v8 in the manifest list entries'), 'E_IMAGE_MISSING')
  assert.equal(codeOf(500, 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'), 'E_IMAGE_PULL')
  assert.equal(codeOf(500, 'unauthorized: authentication required'), 'E_IMAGE_PULL')
  assert.equal(codeOf(500, 'write /var/lib/docker/tmp/x: no space left on device'), 'E_IMAGE_PULL')
  assert.equal(codeOf(null, 'no answer'), 'E_DRIVER_DOWN')
})

test('progress is summed up, at most once a second', () => {
  let now = 0
  const said: string[] = []
  const note = createPullProgress(
    'busybox',
    (words) => said.push(words),
    () => now,
  )
  note({ status: 'Pulling from library/busybox', id: 'latest' })
  note({ status: 'Downloading', id: 'a', progressDetail: { current: 1_000_000, total: 4_000_000 } })
  now = 999
  note({ status: 'Downloading', id: 'b', progressDetail: { current: 500_000, total: 1_000_000 } })
  now = 1_000
  note({ status: 'Pull complete', id: 'b' })
  now = 1_500
  note({ status: 'Download complete', id: 'a' })
  assert.deepEqual(said, ['pulling busybox', 'pulling busybox: 1 of 2 layers, 1.5 of 5.0 MB'])
})

test('frames of output are taken apart, however they arrive', async () => {
  const frame = (stream: number, text: string): Buffer =>
    Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)])
  const whole = Buffer.concat([frame(1, 'out'), frame(2, 'error'), frame(1, ''), frame(1, 'more')])
  for (const size of [1, 3, whole.length]) {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.subarray(i * size, (i + 1) * size))
    const got: string[] = []
    for await (const one of logFrames(iterate(pieces))) got.push(`${one.stream}:${Buffer.from(one.text).toString()}`)
    assert.deepEqual(got, ['stdout:out', 'stderr:error', 'stdout:', 'stdout:more'])
  }
  const wrong: unknown[] = []
  for await (const one of logFrames(iterate([Buffer.from('this is no frame at all')]))) wrong.push(one)
  assert.deepEqual(wrong, [])
})

test('a line’s time is taken off it, in Docker’s form and in Podman’s', () => {
  const split = (line: string): [bigint | null, string] => {
    const { time, text } = splitLine(Buffer.from(line))
    return [time, Buffer.from(text).toString()]
  }
  assert.deepEqual(split('1970-01-01T00:00:01.000000005Z two words\n'), [1_000_000_005n, 'two words\n'])
  assert.deepEqual(split('1970-01-01T02:00:01.5+02:00 x'), [1_500_000_000n, 'x'])
  assert.deepEqual(split('no time here'), [null, 'no time here'])
})

test('lines of JSON survive cuts, and nonsense is skipped', async () => {
  const got: unknown[] = []
  for await (const one of jsonLines(iterate([Buffer.from('{"a":1}\n{"b"'), Buffer.from(':"é"}\nnonsense\n7\n{"c":3}')]))) got.push(one)
  assert.deepEqual(got, [{ a: 1 }, { b: 'é' }, { c: 3 }])
})

test('how a container ended', () => {
  const state = (parts: object): Parameters<typeof exitOfState>[0] =>
    ({ Running: false, Status: 'exited', ExitCode: 0, OOMKilled: false, ...parts }) as never
  assert.equal(isEnded(state({})), true)
  assert.equal(isEnded(state({ Status: 'created' })), false)
  assert.equal(isEnded(state({ Status: 'running', Running: true })), false)
  assert.deepEqual(exitOfState(state({ ExitCode: 137, OOMKilled: true }), false), { exitCode: null, signal: 'SIGKILL', outOfMemory: true })
  assert.deepEqual(exitOfState(state({ OOMKilled: true }), true), { exitCode: 0, signal: null, outOfMemory: false })
})

test('where a program may be in a container', () => {
  assert.deepEqual(placesOf('/bin/x', [], ''), ['/bin/x'])
  assert.deepEqual(placesOf('./x', [], '/srv'), ['/srv/x'])
  assert.deepEqual(placesOf('x', ['A=1', 'PATH=/a:/b'], ''), ['/a/x', '/b/x'])
  assert.equal(placesOf('x', [], '').length, 6)
})

async function tryAll(driver: TaskDriver): Promise<void> {
  const progress = (): void => undefined
  const never = new AbortController().signal
  const down = { ok: false, code: 'E_DRIVER_DOWN' }
  const { health } = await driver.fingerprint()
  assert.equal(health.healthy, false)
  assert.match(health.reason, /engine/)
  for (const answer of [
    await driver.prepare(task, progress, never),
    await driver.start(task),
    await driver.stop(task.id, 'SIGTERM', 0),
    await driver.signal(task.id, 'SIGTERM'),
  ]) {
    assert.ok(!answer.ok)
    assert.deepEqual({ ok: answer.ok, code: answer.code }, down, answer.message)
  }
  await assert.rejects(driver.adopt(), { name: 'EngineError' }, 'not to be taken for a board on which nothing runs')
  await driver.remove(task.id)
  await assert.rejects(readLogs(driver, task.id), { name: 'EngineError' }, 'not to be taken for a task that said nothing')
  assert.equal(await readLogs(driver, task.id, { signal: AbortSignal.abort() }), '')
  await driver.close()
}

test('without an engine every call is answered with a reason', async () => {
  await tryAll(
    createDockerDriver({ node: testNode, dataDir: '', socketPath: '/no/such/socket', registries: {}, mirrors: {}, log: silentLog }),
  )
})

test('an engine that hangs up on every call is as good as none', async () => {
  await withEngine(
    (request) => request.socket.destroy(),
    (socketPath) => tryAll(createDockerDriver({ node: testNode, dataDir: '', socketPath, registries: {}, mirrors: {}, log: silentLog })),
  )
})

test('a log that breaks off says so; that of a container that is gone is over', async () => {
  const logsOf = (socketPath: string): Promise<string> =>
    readLogs(createDockerDriver({ node: testNode, dataDir: '', socketPath, registries: {}, mirrors: {}, log: silentLog }), task.id)
  await withEngine(
    (request, response) => response.writeHead(200).write('\u0001\0\0\0\0\0\0\u0004text', () => request.socket.destroy()),
    (socketPath) => assert.rejects(logsOf(socketPath), /engine at .* broke off/),
  )
  await withEngine(
    (_request, response) => response.writeHead(404).end('{"message":"No such container"}'),
    async (socketPath) => assert.equal(await logsOf(socketPath), ''),
  )
})

test('a stream that could not be opened leaves nothing with whoever may end it', async () => {
  const engine = createEngine('/no/such/socket')
  const { signal } = new AbortController()
  await assert.rejects(engine.stream({ method: 'GET', path: '/events?', options: {}, abort: signal }), { name: 'EngineError' })
  assert.deepEqual(getEventListeners(signal, 'abort'), [])
})

test('what ends while containers that never started are cleared away is not said to run', async () => {
  const other = { ...task, id: 'other.form.app' }
  let end!: () => void
  const ended = new Promise<void>((resolve) => (end = resolve))
  let looks = 0
  const stateOf = (url: string): object => {
    if (!url.includes('/run/'))
      return { Id: 'new', Config: { Labels: labelsOf(testNode, other) }, State: { Status: 'created', StartedAt: '' } }
    const isOver = looks++ > 0
    const State = { Status: isOver ? 'exited' : 'running', Running: !isOver, ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z' }
    return { Id: 'run', Config: { Labels: labelsOf(testNode, task) }, State }
  }
  const answer: RequestListener = ({ method, url = '' }, response) => {
    if (method === 'DELETE') response.writeHead(204).end()
    else if (url.includes('/events')) response.writeHead(200).flushHeaders()
    else if (url.includes('/containers/json')) response.end('[{"Id":"run"},{"Id":"new"}]')
    else if (url.includes(`/${containerName(other.id)}/`)) void ended.then(() => response.end(JSON.stringify(stateOf(url))))
    else response.end(JSON.stringify(stateOf(url)))
  }
  await withEngine(answer, async (socketPath) => {
    const driver = createDockerDriver({ node: testNode, dataDir: '', socketPath, registries: {}, mirrors: {}, log: silentLog })
    const told: string[] = []
    driver.onExit((id) => {
      told.push(id)
      end()
    })
    const running = await driver.adopt()
    await driver.close()
    assert.deepEqual([running, told], [[], [task.id]])
  })
})

/** One container runs; the other ended in a power cut and can be listed only, unless the list says that it runs, too. */
function damagedEngine(damaged: string): RequestListener {
  const State = { Status: 'running', Running: true, ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z' }
  return ({ url = '' }, response) => {
    if (url.includes('/events')) response.writeHead(200).flushHeaders()
    else if (url.includes('/containers/json'))
      response.end(
        JSON.stringify([
          { Id: 'broken', State: damaged },
          { Id: 'run', State: 'running' },
        ]),
      )
    else if (url.includes('/broken/')) response.writeHead(500).end('{"message":"RWLayer of container broken is unexpectedly nil"}')
    else response.end(JSON.stringify({ Id: 'run', Config: { Labels: labelsOf(testNode, task) }, State }))
  }
}

test('a damaged container that does not run keeps no other from being adopted; one that runs must not be overlooked', async () => {
  const adopt = async (socketPath: string): Promise<readonly string[]> => {
    const driver = createDockerDriver({ node: testNode, dataDir: '', socketPath, registries: {}, mirrors: {}, log: silentLog })
    try {
      return (await driver.adopt()).map(({ id }) => id)
    } finally {
      await driver.close()
    }
  }
  await withEngine(damagedEngine('exited'), async (socketPath) => assert.deepEqual(await adopt(socketPath), [task.id]))
  await withEngine(damagedEngine('running'), (socketPath) => assert.rejects(adopt(socketPath), /unexpectedly nil/))
})

async function withEngine(answer: RequestListener, use: (socketPath: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-engine-'))
  const socketPath = join(folder, 'sock')
  const server = createServer(answer).listen(socketPath)
  await once(server, 'listening')
  try {
    await use(socketPath)
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

async function* iterate<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
