// `job promote`, and how canaries are told: by the real command line, of simulated boards.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'

import { jobPaths } from '../../../crdt/documents/job.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type JobId, jobDocId, opsDocId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { coverage, jobDetail } from '../../support/cli-fake-mesh.ts'
import { cliFleet, fakePeer } from '../../support/cli-fleet.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import { jobText } from '../../support/cli-job.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { bootPool } from '../../support/pool.ts'
import { edit } from '../../support/world.ts'

let world: World
let first: Board
let cli: TestCli

beforeEach(async () => {
  ;({ world, first } = bootPool(4))
  cli = await cliOnWorld(world, () => first)
})
afterEach(async () => await cli.close())

interface Order {
  readonly command?: string
  readonly canary?: number
  readonly auto?: boolean
}

/** Two groups of two copies, of which only `web` begins with canaries. */
async function run({ command = '/bin/one', canary = 1, auto = false }: Order = {}, ...options: string[]): Promise<CliRun> {
  const file = join(cli.dir, 'job.json')
  const update = { min_healthy_time: '1s', canary, auto_promote: auto }
  const group = (own: object): object => ({ count: 2, ...own, tasks: { main: { driver: 'raw_exec', config: { command } } } })
  await writeFile(
    file,
    JSON.stringify({ job: 'shop', groups: { db: group({ update: { min_healthy_time: '1s' } }), web: group({ update }) } }),
  )
  return await cli.run(['job', 'run', file, ...options])
}

const promote = async (...options: string[]): Promise<CliRun> => await cli.run(['job', 'promote', 'shop', ...options])

it('job run ends with 0 once all canaries are healthy and says how they are promoted; job promote follows the rest', async () => {
  assert.equal((await run()).exitCode, 0)
  const ran = await run({ command: '/bin/two' })
  const waits = '1 of 1 canaries of group web healthy, waiting for a promotion: shoal job promote shop'
  assert.deepEqual([ran.exitCode, ran.stderr], [0, ''])
  assert.ok(ran.stdout.endsWith(`job shop: 4 of 4 copies healthy; ${waits}\n`), ran.stdout)
  const status = (await cli.run(['job', 'status', 'shop'])).stdout
  assert.match(status, /State +canary\n/)
  assert.match(status, new RegExp(`Canaries +${waits}\n`))
  assert.match(status, /shop\/web\/0 \(canary\) /)
  assert.match((await cli.run(['job', 'explain', 'shop'])).stdout, /shop\/web\/0 \(canary\): holder b\d\n +waiting-promotion \(/)
  const done = await promote('--group', 'web')
  assert.deepEqual([done.exitCode, done.stderr], [0, ''])
  assert.match(done.stdout, /^job shop: group web promoted\nreceipt [^]*job shop: 4 of 4 copies healthy\n$/)
  assert.doesNotMatch((await cli.run(['job', 'status', 'shop'])).stdout, /canar/i)
})

it('with auto_promote job run follows to the end', async () => {
  await run({ auto: true })
  const ran = await run({ command: '/bin/two', auto: true })
  assert.equal(ran.exitCode, 0)
  assert.ok(ran.stdout.endsWith('job shop: 4 of 4 copies healthy\n'), ran.stdout)
})

it('job plan names the canaries that would start, and what stays', async () => {
  await run()
  world.run(10_000)
  const file = join(cli.dir, 'job.json')
  await run({}, '--detach')
  const text = JSON.stringify({
    job: 'shop',
    groups: { web: { count: 2, update: { canary: 1 }, tasks: { main: { driver: 'raw_exec', config: { command: '/bin/two' } } } } },
  })
  await writeFile(file, text)
  const planned = await cli.run(['job', 'plan', file])
  assert.equal(planned.exitCode, 1)
  assert.match(planned.stdout, /shop\/web\/0 +stays on/)
  assert.match(planned.stdout, /shop\/web\/0 \(canary\) +starts on/)
  assert.match(planned.stdout, /shop\/web\/1 +stays on/)
})

it('where no canary finds a place job run says so, and ends with 2', async () => {
  await run()
  for (const board of world.boards.values())
    edit(world, first, opsDocId(board.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  world.run(1_000)
  const ran = await run({ command: '/bin/two' })
  assert.equal(ran.exitCode, 2)
  assert.match(ran.stderr, /shop\/web\/0 \(canary\): no-node-feasible/)
  assert.match(ran.stderr, /0 of 1 canaries of group web healthy/)
})

it('is refused where nothing waits, of a group that does not, and before all canaries are healthy', async () => {
  assert.match((await promote()).stderr, /^error E_JOB_UNKNOWN: /)
  await run()
  const none = await promote()
  assert.equal(none.exitCode, 1)
  assert.match(none.stderr, /^error E_NOT_WAITING: no version of job shop waits for a promotion/)
  world.tasks.refuse = (_, task, phase) => (phase === 'start' && task.spec.config.command === '/bin/two' ? 'E_START' : null)
  await run({ command: '/bin/two' }, '--detach')
  world.run(5_000)
  assert.match((await promote('--group', 'db')).stderr, /^error E_NOT_WAITING: no version of db of job shop waits/)
  const ill = await promote()
  assert.match(ill.stderr, /^group web: 0 of 1 canary healthy\nerror E_CANARIES_NOT_HEALTHY: [^\n]*nothing was changed\n/)
  assert.equal(
    [...first.core!.state!.docs.get(jobDocId('default/shop' as JobId))!.registers.keys()].some((path) => path.startsWith('x/promoted')),
    false,
  )
})

it('says that a paused job goes on later', async () => {
  await run()
  await run({ command: '/bin/two' })
  edit(world, first, jobDocId('default/shop' as JobId), 'default', () => new Map([[jobPaths.paused, true]]))
  assert.match((await promote('--detach')).stdout, /^job shop: group web promoted; its roll-outs are paused, and go on with job resume\n/)
})

it('a canary is not stopped by itself, and no history is dropped while one runs', async () => {
  await run()
  await run({ command: '/bin/two' })
  const rows = JSON.parse((await cli.run(['job', 'status', 'shop', '--output', 'json'])).stdout) as {
    job?: { allocs: { alloc: string; canary?: boolean }[] }
    allocs?: { alloc: string; canary?: boolean }[]
  }
  const canary = (rows.job ?? rows).allocs!.find((alloc) => alloc.canary === true)!
  assert.match((await cli.run(['alloc', 'stop', canary.alloc])).stderr, /^error E_CANARIES: shop\/web\/0 [^\n]* is a canary/)
  assert.match((await cli.run(['job', 'compact', 'shop'])).stderr, /^error E_CANARIES: the newest version of job shop waits/)
})

it('says nothing of a version that somebody has written since its canaries were looked at', async () => {
  const { cli: other, mesh } = await cliFleet()
  const file = join(other.dir, 'job.yaml')
  await writeFile(file, jobText({ args: ['a'] }))
  assert.equal((await other.run(['job', 'run', file, ...fakePeer])).exitCode, 0)
  const canaries = [{ group: 'web', form: '0123456789abcdef', wanted: 1, running: 1, healthy: 1, auto: false }]
  mesh.answer = (request) => {
    if (request.method !== 'job.status') return undefined
    return [
      { kind: 'job', coverage: coverage(), job: { ...jobDetail(mesh.job('default/hello'), 'default/hello'), canaries }, settled: true },
    ]
  }
  const ran = await other.run(['job', 'promote', 'hello', ...fakePeer])
  assert.match(ran.stderr, /^error E_NOT_WAITING: group web of job hello has a newer version than the one whose canaries run/)
  await other.close()
})
