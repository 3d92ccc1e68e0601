// One file for many pools, from the command line to the boards of each.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import type { JobId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { createWorld, runners, slot } from '../../support/world.ts'

const pools = ['hq', 'shop-01', 'shop-02'] as const
const menu = 'default/menu' as JobId
let cli: TestCli
afterEach(async () => await cli.close())

/** A board a pool; those named boot later. */
async function boards(later: readonly string[] = []): Promise<World> {
  const world = createWorld(pools.length, { board: (index) => ({ pool: pools[index]! }) })
  for (const board of world.boards.values()) if (!later.includes(board.spec.pool!)) world.boot(board)
  world.run(20_000)
  cli = await cliOnWorld(world, () => world.board('b0'))
  return world
}

async function file(patterns: string, overrides = ''): Promise<string> {
  const path = join(cli.dir, 'menu.yaml')
  const group = 'groups: { g: { tasks: { app: { driver: raw_exec, config: { command: a }, resources: { cpu: 10 MHz, memory: 8 MiB } } } } }'
  await writeFile(path, `job: menu\npools: ${patterns}\n${overrides}${group}\n`)
  return path
}

const running = (world: World): readonly number[] => [0, 1, 2].map((index) => runners(world, slot(menu, index)).length)
const specAt = (board: Board): unknown => board.core?.state?.view.jobs.get(menu)?.spec?.groups[0]?.count ?? null

/** Without who answered for other pools. */
async function job(...words: string[]): Promise<CliRun> {
  const ran = await cli.run(['job', ...words])
  return { ...ran, stderr: ran.stderr.replaceAll(/^\S+ answered for pool .*\n/gm, '') }
}

test('each pool gets its job with its overrides; the next plan has nothing to do', async () => {
  const world = await boards()
  const path = await file('["shop-*", hq]', 'overrides: [{ pools: ["*-02"], set: { groups.g.count: 3 } }]\n')
  const planned = await job('plan', path)
  assert.equal(planned.exitCode, 1)
  assert.match(planned.stdout, /^pool hq\njob menu is new\n[^]*\npool shop-01\njob menu is new\n[^]*\npool shop-02\njob menu is new\n/)
  const ran = await job('run', path, '--detach')
  assert.deepEqual([ran.exitCode, ran.stderr], [0, ''])
  world.run(20_000)
  assert.deepEqual([...world.boards.values()].map(specAt), [1, 1, 3])
  assert.deepEqual(running(world), [3, 1, 1])
  assert.equal((await job('plan', path)).exitCode, 0)
})

test('a pool that comes later gets it when the file is run again; one that falls out is told, and pruned on an order', async () => {
  const world = await boards(['shop-02'])
  assert.equal((await job('run', await file('["shop-*", hq]'), '--detach')).exitCode, 0)
  world.boot(world.board('b2'))
  world.run(30_000)
  assert.equal(specAt(world.board('b2')), null)
  const planned = await job('plan', await file('["shop-*"]'))
  assert.deepEqual(
    [planned.exitCode, planned.stderr],
    [1, 'job menu in pool hq: the file is no longer for this pool; --prune removes it\n'],
  )
  assert.match(planned.stdout, /^pool shop-01\njob menu changes\n[^]*pool shop-02\njob menu is new\n/)
  assert.equal((await job('run', await file('["shop-*"]'), '--detach')).exitCode, 0)
  world.run(20_000)
  assert.deepEqual([...world.boards.values()].map(specAt), [1, 1, 1], 'told, and not removed')
  const again = await job('plan', await file('["shop-*"]'), '--prune')
  assert.deepEqual([again.exitCode, again.stderr], [1, 'job menu in pool hq would be removed\n'])
  const pruned = await job('run', await file('["shop-*"]'), '--prune', '--detach')
  assert.deepEqual([pruned.exitCode, pruned.stderr], [0, 'job menu in pool hq is removed\n'])
  world.run(20_000)
  assert.deepEqual(running(world), [2, 0, 0])
  assert.equal((await job('plan', await file('["shop-*"]'), '--prune')).exitCode, 0)
})

test('a job that a file of its own has taken over is nobody else’s to prune; a pool that fails keeps no other from its turn', async () => {
  const world = await boards()
  assert.equal((await job('run', await file('["*"]'), '--detach')).exitCode, 0)
  const alone = join(cli.dir, 'alone.yaml')
  const text = 'job: menu\npool: hq\ngroups: { g: { tasks: { app: { driver: raw_exec, config: { command: a } } } } }\n'
  await writeFile(alone, text)
  assert.equal((await job('run', alone, '--detach')).exitCode, 0)
  world.powerCut(world.board('b1'))
  world.run(60_000)
  const ran = await job('run', await file('["shop-*"]'), '--prune', '--detach')
  assert.equal(ran.exitCode, 1)
  assert.match(ran.stderr, /^pool shop-01: error E_POOL_UNREACHABLE: [^\n]*\n$/)
  world.run(20_000)
  assert.deepEqual([specAt(world.board('b0')), specAt(world.board('b2')), running(world)[0]], [1, 1, 2])
  assert.match((await job('run', await file('[bus]'))).stderr, /^error E_POOL_UNREACHABLE: no pool of the fleet is called bus\n/)
})

test('--pool beside a file for several pools is refused, and nothing is sent', async () => {
  const world = await boards()
  const path = await file('["*"]')
  for (const command of ['run', 'plan']) {
    const { stdout, stderr } = await job(command, path, '--pool', 'hq')
    assert.equal(stdout, '')
    assert.match(stderr, /^error E_USAGE: --pool hq: the file says itself which pools it is for\n/)
  }
  world.run(5_000)
  assert.deepEqual([...world.boards.values()].map(specAt), [null, null, null])
})
