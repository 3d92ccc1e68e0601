// A board whose agent is a container itself: the Compose form of a bundle, as it was written, against a real engine. Its tasks are containers
// beside it, and have nothing to do with how long it lives. Needs root, docker.io and docker-compose (`.ci/install`).

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { type TestEngine, startTestEngine } from '../support/docker.ts'
import { type Agent, Fleet, aliveOn, allocsOf, ask, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopback } from './support/ports.ts'
import { type Ran, run } from './support/run.ts'

const joinMsMax = 120_000
const nodeImage = 'shoal-test-node:1'
const fleet = new Fleet()
const bundle = join(fleet.folder, 'boards')
let engine: TestEngine
let first: Agent

before(async () => {
  engine = await startTestEngine()
  await importNode()
  const listen = await loopback()
  await fleet.init([listen], ['shops'])
  first = fleet.start('first', { listen, pool: 'shops', config: { drivers: { docker: { enabled: false } } } })
  const args = ['--pool', 'shops', '--join', fleet.joinFile, '--listen', '/ip4/127.0.0.1/tcp/0', '--out', bundle]
  const made = await fleet.cli(['provision', ...args, '--form', 'compose', '--raw-exec'])
  assert.equal(made.code, 0, made.output)
})

after(async () => {
  await fleet.stop()
  await engine.dispose()
})

/** An image as small as Node allows: the test image, this process's own node and what that is linked against. */
async function importNode(): Promise<void> {
  const root = join(fleet.folder, 'node-image')
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).match(/\/\S+/g) ?? []
  for (const file of [process.execPath, ...libraries]) {
    const place = join(root, file === process.execPath ? '/bin/node' : file)
    mkdirSync(dirname(place), { recursive: true })
    cpSync(realpathSync(file), place)
  }
  const container = await engine.docker.createContainer({ Image: engine.image, Cmd: ['true'] })
  const tar = spawn('tar', ['--create', '--directory', root, '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await container.putArchive(tar.stdout, { path: '/' })
  const [repo, tag] = nodeImage.split(':')
  await container.commit({ repo, tag })
  await container.remove()
}

async function compose(...args: readonly string[]): Promise<Ran> {
  const env = { DOCKER_HOST: `unix://${engine.socketPath}`, DOCKER_SOCKET: engine.socketPath, NODE_IMAGE: nodeImage, SHOAL_NAME: 'docked' }
  const ran = await run('docker-compose', args, { cwd: join(bundle, 'compose'), env })
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.output}`)
  return ran
}

/** What lies in these folders of an image. */
async function listed(image: string, folders: string): Promise<string> {
  const made = await engine.docker.createContainer({ Image: image, Entrypoint: ['/bin/sh', '-c', `ls ${folders}`], Cmd: [], Tty: true })
  await made.start()
  await made.wait()
  const text = (await made.logs({ stdout: true, stderr: true })).toString()
  await made.remove()
  return text
}

interface Seen {
  readonly id: string
  readonly startedAt: string
}

/** The running container in whose environment this stands, or of this name. */
async function container(is: (found: { readonly name: string; readonly env: readonly string[] }) => boolean): Promise<Seen> {
  for (const { Id } of await engine.docker.listContainers()) {
    const { Name, Config, State } = await engine.docker.getContainer(Id).inspect()
    if (is({ name: Name, env: Config.Env })) return { id: Id, startedAt: State.StartedAt }
  }
  throw new Error('there is no such container')
}

const agentContainer = async (): Promise<Seen> => await container(({ name }) => name === '/shoal')
const taskContainer = async (): Promise<Seen> => await container(({ env }) => env.includes('SHOAL_JOB=till'))

async function boardId(): Promise<string | undefined> {
  const { nodes } = await ask(first, 'nodes', { method: 'node.list' })
  return nodes.find(({ name, liveness }) => name === 'docked' && liveness === 'alive')?.id
}

test('up: the board joins, its state in a volume, its secrets in no image, plain processes refused', async () => {
  await compose('up', '--detach', '--build')
  await until('the board is a member', joinMsMax, async () => (await aliveOn(first)).includes('docked')).catch(async (error: unknown) => {
    throw new Error((await compose('logs')).output.slice(-4_000), { cause: error })
  })
  const { id } = await agentContainer()
  const { HostConfig, Mounts } = await engine.docker.getContainer(id).inspect()
  assert.equal(HostConfig.RestartPolicy?.Name, 'always')
  assert.deepEqual(Mounts.map(({ Type, Destination, RW }) => `${Type} ${Destination} ${RW}`).toSorted(), [
    'bind /etc/shoal false',
    'bind /var/run/docker.sock true',
    'volume /var/lib/shoal true',
  ])
  const inImage = await listed('shoal', '/etc /etc/shoal /opt/shoal')
  assert.match(inImage, /shoal\.mjs/)
  assert.doesNotMatch(inImage, /join\.json/)
  const { node } = await ask(first, 'node', { method: 'node.status', node: (await boardId()) ?? '' })
  assert.deepEqual(
    Object.entries(node.drivers)
      .filter(([, { healthy }]) => healthy)
      .map(([name]) => name),
    ['docker'],
  )
})

test('its container is made anew: the same board, and its task has not noticed', async () => {
  const constraints = [{ attribute: '${node.unique.name}', value: 'docked' }]
  const wanted = job('till', { pool: 'shops', driver: 'docker', image: engine.image, group: { constraints } })
  const ran = await fleet.runJob(first, wanted)
  assert.equal(ran.code, 0, ran.output)
  const [id, agent, task] = [await boardId(), await agentContainer(), await taskContainer()]
  await compose('up', '--detach', '--force-recreate')
  assert.notEqual((await agentContainer()).id, agent.id)
  await until('it is the same board, and says that its task runs', joinMsMax, async () => {
    const [alloc] = await allocsOf(first, 'till')
    return (await boardId()) === id && alloc?.state === 'running' && alloc.nodeName === 'docked'
  }).catch(async (error: unknown) => {
    const seen = { before: id, nodes: await ask(first, 'nodes', { method: 'node.list' }), allocs: await allocsOf(first, 'till') }
    const logs = (await compose('logs')).output.slice(-4_000)
    throw new Error(`${JSON.stringify(seen, null, 1)}\n${logs}\n${fleet.logs()}`, { cause: error })
  })
  assert.deepEqual(await taskContainer(), task)
})
