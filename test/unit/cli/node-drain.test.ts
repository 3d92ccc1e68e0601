// `node drain`, `node eligibility` and `node meta` on simulated boards: what is written, what is refused, and what is said of the copies that leave.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeDetail } from '../../../crdt/api-nodes.ts'
import { updateDefaults } from '../../../crdt/documents/defaults.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { opsDocId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { type TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { bootPool, home, place } from '../../support/pool.ts'
import { createWorld, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const distinct = [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] as const

/** A command line at the first board, for which time passes whenever it asks. */
async function operatorAt(world: World, board: Board): Promise<TestCli> {
  const ask = world.ask.bind(world)
  world.ask = (to, request, caller) => {
    world.run(500)
    return ask(to, request, caller)
  }
  return await cliOnWorld(world, () => board)
}

const wishesAbout = (by: Board, board: Board): Record<string, unknown> =>
  Object.fromEntries(by.core!.state!.docs.get(opsDocId(board.spec.id))?.registers ?? [])

test('drained: each copy is followed to where it goes, once it is healthy there; then 0, and --disable takes it back', async () => {
  const { world, first } = bootPool(3)
  const job = place(world, { count: 3, group: { constraints: [] } })
  const going = world.board('b1')
  const id = [0, 1, 2].map((index) => slot(job, index)).find((one) => home(world, one) === going)!
  const cli = await operatorAt(world, first)
  const ran = await cli.run(['node', 'drain', 'b1', '-m', 'disk is worn'])
  assert.equal(ran.exitCode, 0, ran.stderr)
  const where = home(world, id)
  assert.notEqual(where, going)
  assert.match(ran.stdout, /^node b1 is draining\nreceipt /)
  assert.match(ran.stdout, new RegExp(`web/g/\\d: runs on ${where.spec.name}, and stops here once it is healthy there\n`))
  assert.match(ran.stdout, /node b1 is drained\n$/)
  const written = wishesAbout(first, going)
  assert.deepEqual([written[opsPaths.draining], written[opsPaths.drainDeadlineMs]], [true, 3_600_000])
  const shown = await cli.run(['node', 'status', 'b1'])
  assert.match(shown.stdout, /State +alive, draining\n/)
  assert.match(shown.stdout, /Drains +since \S+ \(disk is worn\); what is left is stopped after 1h there\n/)
  assert.match((await cli.run(['node', 'drain', 'b1', '--monitor'])).stdout, /^node b1 is drained\n$/)
  const disabled = await cli.run(['node', 'drain', 'b1', '--disable', '--keep-ineligible'])
  assert.match(disabled.stdout, /^node b1 is no longer draining, and not eligible\n/)
  assert.match(disabled.stdout, /it takes no new copies until: shoal node eligibility b1 --enable\n$/)
  const { draining, eligible, [opsPaths.drainMessage]: message } = wishesAbout(first, going)
  assert.deepEqual([draining, eligible, message], [false, false, null])
  assert.match((await cli.run(['node', 'drain', 'b1', '--monitor'])).stderr, /error E_NOT_DRAINING: node b1 does not drain/)
  await cli.close()
})

test('no place: said with counted reasons, and 2 when the time to follow is over; the copy runs on; --force stops it, and 2 tells that', async () => {
  const { world, boards, first } = bootPool(2)
  const job = place(world, { count: 2, group: { constraints: distinct } })
  const going = boards[1]!
  const id = [0, 1].map((index) => slot(job, index)).find((one) => home(world, one) === going)!
  const cli = await operatorAt(world, first)
  const blocked = await cli.run(['node', 'drain', 'b1', '--no-deadline', '--follow', '1ms'])
  assert.equal(blocked.exitCode, 2)
  assert.match(blocked.stdout, /web\/g\/\d: no-node-feasible \(no node can take it\); nodes: 1 × d\S+ \(.*\), 1 × d\S+ \(/)
  assert.match(blocked.stderr, /node b1 still holds 1 copy\n$/)
  assert.deepEqual(runners(world, id), ['b1'])
  assert.equal(wishesAbout(first, going)[opsPaths.drainDeadlineMs] ?? null, null)
  const shown = await cli.run(['node', 'status', 'b1'])
  assert.match(shown.stdout, /left on it:\nweb\/g\/\d: no-node-feasible/)
  const forced = await cli.run(['node', 'drain', 'b1', '--force', '-o', 'json', '--follow', '1ms'])
  const { drained, exitCode } = JSON.parse(forced.stdout) as { drained: boolean; exitCode: number }
  assert.deepEqual([forced.exitCode, drained, exitCode], [2, false, 2])
  assert.deepEqual(runners(world, id), [])
  await cli.close()
})

test('--ignore-system leaves the copy of a system job, and is drained all the same; --self is the board that answers', async () => {
  const { world, first } = bootPool(2)
  place(world, { name: 'log', type: 'system', count: 0 })
  const cli = await operatorAt(world, first)
  const ran = await cli.run(['node', 'drain', '--self', '--ignore-system'])
  assert.equal(ran.exitCode, 0, ran.stderr)
  assert.match(ran.stdout, /^node b0 is draining, but for system jobs\n/)
  const { node } = JSON.parse((await cli.run(['node', 'status', 'b0', '-o', 'json'])).stdout) as { node: NodeDetail }
  assert.equal(node.drain?.leftMs !== undefined && node.drain.leftMs <= 3_600_000, true, 'it knows itself how long it has')
  await cli.close()
})

const refusals: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['b1', '--enable', '--disable'], /say one of --enable, --disable and --monitor/],
  [['b1', '--force', '--deadline', '5m'], /--force stops at once/],
  [['b1', '--force', '--no-deadline'], /--force stops at once/],
  [['b1', '--disable', '--ignore-system'], /say how to drain: they go with --enable/],
  [['b1', '--monitor', '--deadline', '1m'], /say how to drain: they go with --enable/],
  [['b1', '--keep-ineligible'], /--keep-ineligible goes with --disable/],
  [['b1', '--monitor', '--detach'], /--monitor follows, --detach does not/],
  [['b1', '-m', 'two\nlines'], /--message: /],
  [[], /name a node, or say --self/],
  [['b1', '--self'], /name a node, or say --self/],
]

test('what is not clear is refused, and nothing is written; eligibility does not come back while the node drains', async () => {
  const { world, first, boards } = bootPool(2)
  const cli = await operatorAt(world, first)
  for (const [args, message] of refusals) {
    const ran = await cli.run(['node', 'drain', ...args])
    assert.equal(ran.exitCode, 1, args.join(' '))
    assert.match(ran.stderr, message)
  }
  assert.deepEqual(wishesAbout(first, boards[1]!), {})
  await cli.run(['node', 'drain', 'b1', '--detach'])
  const refused = await cli.run(['node', 'eligibility', 'b1', '--enable'])
  assert.match(refused.stderr, /error E_DRAINS: node b1 drains, .*\n.*shoal node drain b1 --disable/)
  assert.equal((await cli.run(['node', 'eligibility', 'b1', '--disable'])).exitCode, 0)
  await cli.close()
})

test('meta: --unset hides what the board’s own configuration says, a value comes before that, and --reset brings it back', async () => {
  const world = createWorld(2, { board: () => ({ labels: { site: 'north', rack: 'r1' } }) })
  world.bootAll()
  world.run(5_000)
  const [first, other] = [...world.boards.values()] as [Board, Board]
  const cli = await operatorAt(world, first)
  const labels = (): Readonly<Record<string, string>> => first.core!.state!.view.nodes.get(other.spec.id)!.labels
  const meta = async (...args: readonly string[]): Promise<string> => {
    const ran = await cli.run(['node', 'meta', 'b1', ...args])
    assert.equal(ran.exitCode, 0, ran.stderr)
    world.run(1_000)
    return ran.stdout
  }
  assert.match(await meta('--unset', 'site'), /^node b1 is labelled without site\n/)
  assert.deepEqual(labels(), { rack: 'r1' })
  await meta('site=south')
  assert.deepEqual(labels(), { rack: 'r1', site: 'south' })
  await meta('--unset', 'site')
  assert.deepEqual(labels(), { rack: 'r1' })
  assert.match(await meta('--reset', 'site'), /^node b1 is labelled with site as its configuration says\n/)
  assert.deepEqual(labels(), { rack: 'r1', site: 'north' })
  // What nobody ever gave is not worth a word.
  const before = wishesAbout(first, other)
  await meta('--unset', 'nothing')
  assert.deepEqual(wishesAbout(first, other), before)
  // On the other side of a cut somebody unset it while it was given here: what is given counts.
  edit(
    world,
    first,
    opsDocId(other.spec.id),
    'default',
    () =>
      new Map<string, string | boolean>([
        [opsPaths.unset('rack'), true],
        [opsPaths.label('rack'), 'r9'],
      ]),
  )
  assert.equal(labels()['rack'], 'r9')
  await cli.close()
})

test('the canary of a copy that leaves, which was never there, is none that has found no place', async () => {
  const { world, first } = bootPool(3)
  const group = { update: { ...updateDefaults, canary: 1 } }
  const job = place(world, { group })
  const going = home(world, slot(job))
  const nowhere = [{ attribute: '${label.rack}', operator: '=', value: 'none' }] as const
  runJob(world, first, jobSpec({ command: '/bin/two', group: { ...group, constraints: nowhere } }))
  world.run(5_000)
  const cli = await operatorAt(world, first)
  const ran = await cli.run(['node', 'drain', going.spec.name])
  assert.deepEqual([ran.exitCode, ran.stderr], [0, ''])
  await cli.close()
})
