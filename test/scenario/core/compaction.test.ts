// An operator's compaction, from the command line to the boards: what it asks first, what runs on, and what becomes of changes that
// were made at the old epoch.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { toBase64 } from '../../../crdt/base64.ts'
import { jobPaths, restartPath } from '../../../crdt/documents/job.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type DocId, type JobId, jobDocId, opsDocId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { answer, bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { areEqual, claimOf, createWorld, edit, jobSpec, runJob, runners, signChange, slot, submission } from '../../support/world.ts'

let cli: TestCli | null = null
afterEach(async () => await cli?.close())

/** A job of three copies on three boards whose document has been changed several times, once by a restart of a copy. */
async function busyPool(): Promise<{ world: World; boards: Board[]; first: Board; job: JobId; cli: TestCli }> {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 3 })
  for (const priority of [60, 70, 80, 50]) runJob(world, first, jobSpec({ count: 3, priority }))
  edit(world, first, jobDocId(job), 'default', () => new Map([[restartPath('g', 1), 1]]))
  world.run(40_000)
  cli = await cliOnWorld(world, () => first)
  return { world, boards, first, job, cli }
}

const docOf = (board: Board, id: DocId) => board.core!.state!.docs.get(id)!

function cutOff(world: World, board: Board): void {
  world.split(
    [board],
    [...world.boards.values()].filter((other) => other !== board),
  )
}

test('a compacted job says what it said, its copies run on, and edits go on from a higher version', async () => {
  const { world, boards, first, job, cli } = await busyPool()
  const before = docOf(first, jobDocId(job))
  const view = first.core!.state!.view.jobs.get(job)!
  const starts = count(world, 'start')
  const stops = count(world, 'stop')
  const done = await cli.run(['job', 'compact', 'web', '--confirm', '1'])
  assert.equal(done.exitCode, 0, done.stderr)
  assert.match(
    done.stdout,
    /^job web is compacted: 6 changes of \d+ bytes → 1 change of \d+ bytes, epoch 2\nreceipt for job\/default\/web: /,
  )
  world.until('all have it', () => boards.every((board) => docOf(board, jobDocId(job)).epoch === 2), 5_000)
  world.run(10 * 60_000)
  assert.ok(areEqual(boards))
  for (const board of boards) {
    const now = board.core!.state!.view.jobs.get(job)!
    assert.deepEqual({ ...now, version: null }, { ...view, version: null })
    assert.deepEqual([now.version.epoch, now.version.count], [2, before.changeCount + 1])
    assert.deepEqual(
      slotsOf(job, 3).map((id) => board.core!.state!.view.claims.get(id)!.map((claim) => [claim.version, claim.generation, claim.state])),
      slotsOf(job, 3).map(() => [[now.version, 1, 'running']]),
    )
    assert.ok(
      before.envelopes.every(({ hash }) => !board.disk.has(`env/${hash}`)),
      'the old changes are gone from the disk',
    )
  }
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [starts, stops])
  assert.equal(before.registers.get(jobPaths.desired), 'run')

  runJob(world, boards[1]!, jobSpec({ count: 2, priority: 50 }))
  world.run(10_000)
  assert.equal(count(world, 'stop'), stops + 1)
  assert.equal(slotsOf(job, 3).flatMap((id) => runners(world, id)).length, 2)
})

test('history begins anew with a compaction, and says so', async () => {
  const { world, job, cli } = await busyPool()
  assert.doesNotMatch((await cli.run(['job', 'history', 'web'])).stdout, /compacted/)
  await cli.run(['job', 'compact', 'web'])
  world.run(2_000)
  runJob(world, world.board('b1'), jobSpec({ count: 3, priority: 55 }))
  world.run(2_000)
  const { stdout } = await cli.run(['job', 'history', 'web'])
  const heads = stdout.split('\n').filter((line) => /^\S/.test(line))
  assert.equal(heads.length, 3, stdout)
  assert.match(heads[0]!, /^2\.8\./)
  assert.match(heads[1]!, /^2\.7\.\S+ +2026-01-02T03:04:05Z +tester$/)
  assert.equal(heads[2], 'compacted at 2.7: the job as it was then; 6 earlier changes dropped')
  const again = await cli.run(['job', 'compact', 'web'])
  assert.equal(again.exitCode, 0, again.stderr)
  assert.equal(docOf(world.board('b0'), jobDocId(job)).epoch, 3)
})

test('boards that were rebooted adopt the copies of a compacted job', async () => {
  const { world, boards, job, cli } = await busyPool()
  await cli.run(['job', 'compact', 'web'])
  world.run(200)
  const starts = count(world, 'start')
  for (const board of boards) world.powerCut(board)
  for (const board of boards) world.boot(board)
  world.run(60_000)
  assert.ok(areEqual(boards))
  for (const board of boards) assert.equal(docOf(board, jobDocId(job)).epoch, 2)
  for (const id of slotsOf(job, 3)) assert.equal(runners(world, id).length, 1)
  assert.ok(count(world, 'start') <= starts + 3, 'a power cut takes each copy once')
})

test('while a board has not recorded the heads or is silent, nothing is compacted, and the board is named', async () => {
  const { world, boards, first, job, cli } = await busyPool()
  runJob(world, first, jobSpec({ count: 3, priority: 90 }))
  const early = await cli.run(['job', 'compact', 'web'])
  assert.equal(early.exitCode, 1)
  assert.match(
    early.stderr,
    /^ {2}b1: has recorded other heads\n {2}b2: has recorded other heads\nerror E_NOT_RECORDED: 2 nodes are not known /,
  )
  world.run(40_000)
  cutOff(world, boards[2]!)
  world.run(20_000)
  const cut = await cli.run(['job', 'compact', 'web'])
  assert.equal(cut.exitCode, 1)
  assert.match(
    cut.stderr,
    /^ {2}b2: disconnected, has recorded these heads before\nerror E_NOT_RECORDED: 1 node is not known .*; nothing was changed\n/,
  )
  assert.match(cut.stderr, /hint: wait until .* or --force: changes that they hold or have made meanwhile, .* will be lost/)
  for (const board of boards) assert.equal(docOf(board, jobDocId(job)).epoch, 1)
  edit(world, first, opsDocId(boards[2]!.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.run(20_000)
  const without = await cli.run(['job', 'compact', 'web'])
  assert.equal(without.exitCode, 0, without.stderr)
})

test('by force: what the silent side changed is lost after the heal, and its copies run on', async () => {
  const { world, boards, first, job, cli } = await busyPool()
  const [away] = boards.slice(-1) as [Board]
  const kept = slotsOf(job, 3).find((id) => home(world, id) === away)!
  cutOff(world, away)
  world.run(20_000)
  const lost = signChange(world, away, jobDocId(job), 'default', submission(jobSpec({ count: 3, priority: 99 }))).map(toBase64)
  answer(world, away, 'receipt', { method: 'doc.put', envelopes: lost })
  const stops = count(world, 'stop', { board: away })
  const forced = await cli.run(['job', 'compact', 'web', '--force'])
  assert.equal(forced.exitCode, 0, forced.stderr)
  assert.match(forced.stderr, /b2: disconnected, .*\ngoing on by force: changes that they hold or have made meanwhile, .* will be lost\n/)
  // Long enough for a replacement at the new epoch: the original is at the old one.
  world.until('replaced', () => runners(world, kept).length === 2, 120_000)
  assert.equal(docOf(away, jobDocId(job)).epoch, 1)
  world.heal()
  world.until('one copy each', () => slotsOf(job, 3).every((id) => runners(world, id).length === 1), 30_000)
  world.run(40_000)
  assert.ok(areEqual(boards))
  for (const board of boards) {
    assert.equal(answer(world, board, 'error', { method: 'doc.put', envelopes: lost }).code, 'E_EPOCH_OLD')
    assert.equal(board.core!.state!.view.jobs.get(job)!.spec!.priority, 50)
  }
  assert.equal(home(world, kept), away, 'the original stays, as after any heal')
  assert.equal(count(world, 'stop', { board: away }), stops)
  assert.equal(claimOf(first, kept, away)?.version.epoch, 2)
})

test('an update that the silent side began at the old epoch is taken back in place after the heal', async () => {
  const { world, boards, job, cli } = await busyPool()
  const [away] = boards.slice(-1) as [Board]
  cutOff(world, away)
  world.run(5_000)
  runJob(world, away, jobSpec({ count: 3, command: '/bin/other' }))
  world.run(20_000)
  assert.equal((await cli.run(['job', 'compact', 'web', '--force'])).exitCode, 0)
  world.run(1_000)
  world.heal()
  world.run(120_000)
  assert.ok(areEqual(boards))
  const form = boards[0]!.core!.state!.view.jobs.get(job)!.forms.get('g')
  for (const id of slotsOf(job, 3)) assert.equal(claimOf(boards[0]!, id, home(world, id))?.form, form)
})

test("the operators' wishes about a node are compacted the same way, and still hold", async () => {
  const { world, boards, cli } = await busyPool()
  const id = opsDocId(boards[1]!.spec.id)
  for (const eligible of [false, true, false]) edit(world, boards[0]!, id, 'default', () => new Map([[opsPaths.eligible, eligible]]))
  world.run(40_000)
  const done = await cli.run(['node', 'compact', 'b1'])
  assert.equal(done.exitCode, 0, done.stderr)
  assert.match(done.stdout, /^what operators wish of node b1 is compacted: 3 changes .* → 1 change .*, epoch 2\n/)
  world.run(10_000)
  for (const board of boards) {
    assert.equal(docOf(board, id).epoch, 2)
    assert.equal(board.core!.state!.view.nodes.get(boards[1]!.spec.id)!.eligible, false)
  }
})

test('a job of another pool is compacted over any board', async () => {
  const world = createWorld(4, { board: (index) => ({ pool: index < 2 ? 'north' : 'south' }) })
  world.bootAll()
  world.run(10_000)
  const job = place(world, { pool: 'south' }, world.board('b2'))
  for (const priority of [60, 70]) runJob(world, world.board('b2'), jobSpec({ pool: 'south', priority }))
  world.run(40_000)
  cli = await cliOnWorld(world, () => world.board('b0'))
  const done = await cli.run(['job', 'compact', 'web', '--pool', 'south'])
  assert.equal(done.exitCode, 0, done.stderr)
  world.run(5_000)
  for (const name of ['b2', 'b3']) assert.equal(docOf(world.board(name), jobDocId(job)).epoch, 2)
})

test('what a board has recorded is told of every board that is not evicted, and of no document that cannot be', () => {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 1 })
  edit(world, first, opsDocId(boards[2]!.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.run(40_000)
  const { nodes } = answer(world, first, 'receipts', { method: 'doc.receipts', doc: jobDocId(job) })
  const { digest } = docOf(first, jobDocId(job))
  assert.deepEqual(
    nodes.map((row) => [row.name, row.liveness, row.digest]),
    [
      ['b0', 'alive', digest],
      ['b1', 'alive', digest],
    ],
  )
  assert.equal(answer(world, first, 'error', { method: 'doc.receipts', doc: 'nonsense' }).code, 'E_DOC_ID')
  const unknown = answer(world, first, 'receipts', { method: 'doc.receipts', doc: 'job/default/none' })
  assert.deepEqual(
    unknown.nodes.map((row) => row.digest),
    [null, null],
  )
  assert.equal(runners(world, slot(job)).length, 1)
})
