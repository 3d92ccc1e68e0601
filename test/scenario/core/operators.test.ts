// Operators with roles, from the command line to the boards: limits, and what becomes of a revoked key's edits, above all of those that
// it made on the far side of a split.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { type OperatorId, jobDocId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { testNow } from '../../support/cli-io.ts'
import { type Stage, closeStages, hello, ok, other, run, stage } from '../../support/operator-stage.ts'
import { answer, count } from '../../support/pool.ts'
import { areEqual, runners, slot } from '../../support/world.ts'

afterEach(closeStages)

const argsOf = (board: Board): unknown => board.core!.state!.view.jobs.get(hello)?.spec?.groups[0]?.tasks[0]?.config.args
const copies = (world: World, wanted: number): boolean =>
  Array.from({ length: wanted }, (_, index) => index).every((index) => runners(world, slot(hello, index, 'main')).length === 1)

test('an operator writes what its patterns cover, a viewer nothing, a stranger may not even read', async () => {
  const { world, admin, two, at } = await stage(3)
  assert.match((await run(two)).stderr, /E_ROLE: the key \w+ has no role/)
  const asked = (caller: string) => answer(world, at.admin, caller === other ? 'jobs' : 'error', { method: 'job.list' }, undefined, caller)
  assert.throws(() => asked(other), /E_FORBIDDEN/)
  await ok(admin, 'fleet', 'operator', 'add', other, '--name', 'bob', '--role', 'viewer')
  world.run(1_000)
  assert.equal(asked(other).kind, 'jobs')
  assert.match((await run(two)).stderr, /is a viewer/)
  await ok(admin, 'fleet', 'operator', 'add', other, '--jobs', 'web-*', '--pools', 'def*')
  world.run(1_000)
  assert.match((await run(two)).stderr, /E_ROLE: the key \w+ is an operator without the right to job\/default\/hello/)
  assert.match((await two.run(['node', 'drain', 'b1'])).stderr, /without the right to ops\//)
  assert.match((await two.run(['fleet', 'operator', 'add', other, '--role', 'admin'])).stderr, /E_ROLE/)
  await ok(admin, 'fleet', 'operator', 'add', other, '--jobs', 'hel*')
  world.run(1_000)
  assert.equal((await run(two)).exitCode, 0)
  world.until('it runs', () => copies(world, 1), 10_000)
  const listed = await ok(two, 'fleet', 'operator', 'list')
  assert.match(listed.stdout, /bob +operator +def\* +hel\*, web-\* +12D3/)
  assert.match((await admin.run(['fleet', 'operator', 'add', other, '--role', 'viewer'])).stderr, /rights only grow/)
})

test('what a revoked key had written goes on to count, and what it writes later is refused', async () => {
  const { world, boards, admin, two } = await stage(3)
  await ok(admin, 'fleet', 'operator', 'add', other, '--name', 'bob')
  world.run(1_000)
  assert.equal((await run(two, { count: 2 })).exitCode, 0)
  world.until('it runs', () => copies(world, 2), 10_000)
  world.run(5_000)
  const starts = count(world, 'start')
  const revoked = await ok(admin, 'fleet', 'operator', 'revoke', other)
  assert.match(revoked.stdout, /^bob is revoked; what it wrote in 1 documents still counts/)
  world.run(60_000)
  assert.equal(count(world, 'start') + count(world, 'stop'), starts)
  assert.ok(areEqual(boards))
  assert.match((await run(two, { count: 3 })).stderr, /E_ROLE: the key \w+ is revoked/)
  assert.match((await admin.run(['fleet', 'operator', 'add', other])).stderr, /E_REVOKED/)
  assert.match((await ok(admin, 'job', 'voided', 'hello')).stdout, /every edit of hello counts/)
})

test('a key for a time: each board asks its own clock, and whatever one has taken counts at all of them', async () => {
  const { world, boards, admin, two, at } = await stage(3)
  for (const board of boards) board.wallAheadMs = testNow - world.wallMs
  await ok(admin, 'fleet', 'operator', 'add', other, '--name', 'bob', '--expires', '10m')
  world.run(1_000)
  assert.match((await ok(two, 'fleet', 'operator', 'list')).stdout, /UNTIL[^]*bob +operator +\* +\*\/\* +20\d\d-/)
  assert.equal((await run(two)).exitCode, 0)
  world.until('it runs', () => copies(world, 1), 10_000)
  world.run(10 * 60_000)
  assert.match((await run(two, { count: 2 })).stderr, /E_EXPIRED: the key \w+ was for a time that is over by this board's clock/)
  world.run(1_000)
  assert.ok(copies(world, 1), 'what it wrote in time counts')
  // A board whose clock is an hour late takes it, and the others do not ask.
  at.two.wallAheadMs -= 3_600_000
  assert.equal((await run(two, { count: 2 })).exitCode, 0)
  world.until('both run', () => copies(world, 2), 10_000)
  world.run(10_000)
  assert.ok(areEqual(boards))
})

test('the time of a key is only ever extended, and an admin has none', async () => {
  const { world, boards, admin, two } = await stage(1)
  const add = async (...words: string[]) => (await admin.run(['fleet', 'operator', 'add', other, ...words])).stderr
  assert.match(await add('--role', 'admin', '--expires', '1h'), /E_USAGE: --expires is for an operator, not for an admin/)
  await ok(admin, 'fleet', 'operator', 'add', other, '--expires', '8h')
  world.run(1_000)
  assert.match(await add('--expires', '1h'), /E_USAGE: the time of the key \w+ ends later than that, and rights only grow/)
  await ok(admin, 'fleet', 'operator', 'add', other, '--expires', '12h')
  await ok(admin, 'fleet', 'operator', 'add', other, '--role', 'admin')
  world.run(1_000)
  assert.doesNotMatch((await ok(admin, 'fleet', 'operator', 'list')).stdout, /UNTIL/)
  boards[0]!.wallAheadMs = testNow + 24 * 3_600_000 - world.wallMs
  assert.equal((await run(two)).exitCode, 0)
})

/** Key 2 has changed the job on the larger, far side, where it is not known to be revoked, and the sides have met again. */
async function healed(): Promise<Stage & { readonly far: Board[] }> {
  const staged = await stage(4)
  const { world, boards, admin, two } = staged
  await ok(admin, 'fleet', 'operator', 'add', other, '--name', 'bob')
  world.run(1_000)
  assert.equal((await run(admin, { count: 4, args: ['true'] })).exitCode, 0)
  world.until('it runs', () => copies(world, 4), 10_000)
  world.run(20_000)
  const far = boards.slice(1)
  world.split(boards.slice(0, 1), far)
  world.run(10_000)
  await ok(admin, 'fleet', 'operator', 'revoke', other)
  assert.equal((await run(two, { count: 4, args: ['void'] })).exitCode, 0, 'the far side knows nothing')
  world.run(200_000)
  assert.ok(far.every((board) => String(argsOf(board)) === 'void'))
  world.heal()
  world.until(
    'all have heard',
    () => boards.every((board) => board.core!.state!.view.fleet.operators.has(other as OperatorId) === false),
    20_000,
  )
  world.run(60_000)
  return { ...staged, far }
}

const voidTasks = (world: World): number =>
  [...world.boards.values()]
    .flatMap((board) => [...(board.core?.state?.allocs.values() ?? [])])
    .filter((alloc) => [...alloc.body.tasks.values()].some((task) => String(task.spec.config.args) === 'void')).length

test('a revoked operator that writes on the far side of a split: void on every side, and what runs is held', async () => {
  const { world, boards, admin, two, far } = await healed()
  assert.ok(areEqual(boards))
  for (const board of boards) assert.deepEqual(argsOf(board), ['true'], board.spec.name)
  const held = voidTasks(world)
  assert.equal(held, 3, 'the far side acted on it; where both sides ran a copy, what is in force stays')
  assert.ok(copies(world, 4))
  const listed = await ok(admin, 'job', 'voided', 'hello')
  assert.match(listed.stdout, /bob\n.*args = .*void/s)
  assert.match((await ok(admin, 'job', 'status', 'hello')).stdout, /1 edit without effect/)
  assert.match((await run(two, { count: 4, args: ['more'] })).stderr, /E_ROLE/)
  assert.equal(far[0]!.core!.state!.docs.get(jobDocId(hello))!.changeCount, boards[0]!.core!.state!.docs.get(jobDocId(hello))!.changeCount)

  await ok(admin, 'job', 'voided', 'hello', '--release')
  world.until('what is in force runs everywhere', () => voidTasks(world) === 0 && copies(world, 4), 120_000)
})

test('an admin that vouches for it makes it count on every side', async () => {
  const { world, boards, admin } = await healed()
  await ok(admin, 'job', 'voided', 'hello', '--accept')
  world.until('all take it', () => boards.every((board) => String(argsOf(board)) === 'void'), 10_000)
  world.until('it runs everywhere', () => voidTasks(world) === 4 && copies(world, 4), 120_000)
  assert.match((await ok(admin, 'job', 'voided', 'hello')).stdout, /every edit of hello counts/)
})

test('once it is given up the next version is rolled out like any other', async () => {
  const { world, boards, admin } = await healed()
  await ok(admin, 'job', 'voided', 'hello', '--release')
  assert.equal((await run(admin, { count: 2, args: ['new'] })).exitCode, 0)
  world.until('the new version runs', () => boards.every((board) => String(argsOf(board)) === 'new') && copies(world, 2), 120_000)
  world.until('and nothing else', () => runners(world, slot(hello, 3, 'main')).length === 0, 60_000)
})
