// Containers, end to end: two boards with an engine each and one whose engine is missing. Adoption after kill -9, an image that cannot be
// had, an image that only one board has, a copy that eats too much memory, canaries, logs from afar. Needs root and docker.io (`.ci/install`).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type TestEngine, startTestEngine } from '../support/docker.ts'
import { type Agent, Fleet, aliveOn, allocsOf, ask, holders, until } from './support/fleet.ts'
import { type JobWishes, job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'

const fleet = new Fleet()
const engines: TestEngine[] = []
const agents: Agent[] = []

before(async () => {
  // One after the other: each wants a whole core for a while.
  for (const _name of ['a', 'b']) engines.push(await startTestEngine())
  const addresses = await loopbacks(3)
  await fleet.init(addresses)
  const sockets = [...engines.map((engine) => engine.socketPath), '/nowhere/docker.sock']
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    agents.push(
      fleet.start(name, {
        listen: addresses[index]!,
        config: { drivers: { raw_exec: { enabled: true }, docker: { socket: sockets[index]! } } },
      }),
    )
  }
  await until('three boards see each other', 120_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 3),
  ).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

after(async () => {
  await fleet.stop()
  for (const engine of engines) await engine.dispose()
})

function inContainers(name: string, wishes: JobWishes = {}): object {
  return job(name, { driver: 'docker', image: engines[0]!.image, ...wishes })
}

async function containers(board: 'a' | 'b', name: string): Promise<{ id: string; startedAt: string }[]> {
  const { docker } = engines[board === 'a' ? 0 : 1]!
  const found: { id: string; startedAt: string }[] = []
  for (const { Id } of await docker.listContainers()) {
    const { Config, State } = await docker.getContainer(Id).inspect()
    if (Config.Env.includes(`SHOAL_JOB=${name}`)) found.push({ id: Id, startedAt: State.StartedAt })
  }
  return found
}

// Longer than any start of an agent on a loaded machine: nothing is to be replaced meanwhile.
const patient = { disconnect: { replace_after: '10m' } }
const only = (name: string): object => ({ affinities: [{ attribute: '${node.unique.name}', value: name, weight: 100 }] })

test('a job of two containers: one on each board with an engine; the third is no candidate and says why', async () => {
  const ran = await fleet.runJob(
    agents[0]!,
    inContainers('web', { count: 2, script: 'echo "hello from $SHOAL_NODE_NAME"; exec sleep 1000000', group: patient }),
  )
  assert.equal(ran.code, 0, ran.output)
  assert.deepEqual(Object.values(await holders(agents[2]!, 'web')).toSorted(), ['a', 'b'])
  assert.equal((await containers('a', 'web')).length, 1)
  assert.equal((await containers('b', 'web')).length, 1)
  const { node } = await ask(agents[0]!, 'node', { method: 'node.status', node: 'c' })
  assert.equal(node.drivers['docker']?.healthy, false)
  assert.match(node.drivers['docker']?.reason ?? '', /nowhere\/docker\.sock/)
  const { slots } = await ask(agents[0]!, 'explain', { method: 'job.explain', job: 'web' })
  for (const slot of slots) assert.match(slot.nodes.find((one) => one.name === 'c')?.rejected ?? '', /^driver-/)
})

test('logs of a container, asked of a board without an engine', async () => {
  const alloc = (await allocsOf(agents[2]!, 'web')).find((one) => one.nodeName === 'b')!
  const ran = await fleet.cli(['alloc', 'logs', alloc.alloc, '--peer', `unix:${agents[2]!.socket}`])
  assert.equal(ran.code, 0, ran.output)
  assert.equal(ran.stdout, 'hello from b\n')
})

test('kill -9 of the agent: the container runs on and is adopted without a restart', async () => {
  const board = agents[0]!
  const before = await containers('a', 'web')
  await fleet.kill(board)
  assert.deepEqual(await containers('a', 'web'), before)
  fleet.launch(board)
  await until(
    'back, and the copy is its own again',
    120_000,
    async () => Object.values(await holders(board, 'web')).length === 2 && (await aliveOn(board)).length === 3,
  )
  assert.deepEqual(await containers('a', 'web'), before)
  assert.deepEqual(
    (await allocsOf(agents[1]!, 'web')).map((alloc) => alloc.generation),
    [1, 1],
  )
})

test('a new version whose image cannot be had: the old copies run on, and the reason is shown', async () => {
  const before = [...(await containers('a', 'web')), ...(await containers('b', 'web'))]
  const ran = await fleet.runJob(
    agents[1]!,
    inContainers('web', { count: 2, image: 'localhost:1/none:1', group: { ...patient, restart: { attempts: 0, mode: 'fail' } } }),
    '--follow',
    '45s',
  )
  assert.equal(ran.code, 2, ran.output)
  assert.match(ran.output, /localhost:1\/none:1/)
  assert.deepEqual([...(await containers('a', 'web')), ...(await containers('b', 'web'))], before)
  assert.equal(Object.keys(await holders(agents[2]!, 'web')).length, 2)
})

test('a canary that fails takes its version back and the old container never stops; one that is promoted stays as it is', async () => {
  const asked = (script: string): object => {
    const update = { canary: 1, auto_revert: true, progress_deadline: '0s', min_healthy_time: '1s', healthy_deadline: '1m' }
    return inContainers('green', { script, group: { ...patient, update, restart: { attempts: 0, mode: 'fail' } } })
  }
  const all = async (): Promise<{ id: string; startedAt: string }[]> => [
    ...(await containers('a', 'green')),
    ...(await containers('b', 'green')),
  ]
  assert.equal((await fleet.runJob(agents[0]!, asked('exec sleep 1000001'))).code, 0)
  const old = await all()
  const failed = await fleet.runJob(agents[1]!, asked('exit 7'))
  assert.equal(failed.code, 2, failed.output)
  assert.match(failed.output, /failed \(auto_revert\)/)
  assert.deepEqual(await all(), old)
  const waits = await fleet.runJob(agents[2]!, asked('exec sleep 1000002'))
  assert.equal(waits.code, 0, waits.output)
  assert.match(waits.output, /1 of 1 copies healthy; 1 of 1 canaries of group g healthy, waiting for a promotion: shoal job promote green/)
  const both = await all()
  assert.equal(both.length, 2)
  const promoted = await fleet.cli(['job', 'promote', 'green', '--peer', `unix:${agents[0]!.socket}`])
  assert.equal(promoted.code, 0, promoted.output)
  await until('the old container is gone', 60_000, async () => (await all()).length === 1)
  assert.deepEqual(
    await all(),
    both.filter(({ id }) => id !== old[0]!.id),
  )
})

test('an image that only one board has: the copy comes to run there, whichever board was asked first', async () => {
  await engines[1]!.docker.getImage(engines[1]!.image).tag({ repo: 'localhost:1/only-on-b', tag: '1' })
  const wants = inContainers('local', {
    image: 'localhost:1/only-on-b:1',
    group: {
      ...only('a'),
      restart: { attempts: 0, mode: 'fail' },
      reschedule: { delay: '5s', delay_function: 'constant', unlimited: true },
    },
  })
  const ran = await fleet.runJob(agents[0]!, wants, '--follow', '3m')
  assert.deepEqual(
    await until('it runs on b', 180_000, async () => {
      const where = await holders(agents[2]!, 'local')
      return Object.keys(where).length === 1 ? Object.values(where) : false
    }).catch((error: unknown) => {
      throw new Error(`${ran.output}\n${fleet.logs(10)}`, { cause: error })
    }),
    ['b'],
  )
})

test('a copy that eats more memory than it may is ended, and that is what its status says', async () => {
  const hungry = inContainers('hungry', {
    script: 'exec tail /dev/zero',
    resources: { memory: '16 MiB' },
    group: { restart: { attempts: 0, mode: 'fail' } },
  })
  const ran = await fleet.runJob(agents[0]!, hungry, '--follow', '20s')
  assert.equal(ran.code, 2, ran.output)
  assert.match(ran.output, /out of memory/)
  const { output } = await fleet.cli(['alloc', 'status', '--all', '--peer', `unix:${agents[0]!.socket}`])
  assert.match(output, /hungry\/g\/0 .*out of memory/)
})

test('job remove: no container is left', async () => {
  for (const name of ['web', 'green', 'local', 'hungry']) {
    const ran = await fleet.cli(['job', 'remove', name, '--peer', `unix:${agents[1]!.socket}`])
    assert.equal(ran.code, 0, ran.output)
  }
  for (const engine of engines)
    await until('no container is left', 120_000, async () => (await engine.docker.listContainers({ all: true })).length === 0)
})
