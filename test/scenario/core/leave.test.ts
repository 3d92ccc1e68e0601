// `node leave` on simulated boards: what runs there goes elsewhere, then the board says that it has left, and ends; it does not come back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootOf } from '../../../crdt/anti-entropy.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { jobDocId, opsDocId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { decodeFrame } from '../../../node/core/wire.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { boot, certifiedWorld, firstToken, standingOf, state, stated, wish } from '../../support/certified.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { crypto, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const minuteMs = 60_000
const distinct = { group: { constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] } } as const

const leaveWish = (deadlineMs: number | null = null): ReadonlyMap<string, Scalar> =>
  new Map<string, Scalar>([
    [opsPaths.draining, true],
    [opsPaths.leave, true],
    ...(deadlineMs === null ? [] : ([[opsPaths.leaveDeadlineMs, deadlineMs]] as const)),
  ])

function leave(world: World, by: Board, board: Board, deadlineMs: number | null = null): void {
  edit(world, by, opsDocId(board.spec.id), 'default', () => leaveWish(deadlineMs))
}

const livenessAt = (board: Board, other: Board): string | undefined => board.core!.state!.view.nodes.get(other.spec.id)?.liveness
const hasEnded = (board: Board): boolean => board.core === null
const said = (board: Board, words: string): boolean => board.logs.some((line) => line.includes(words))

test('its copies move, it says that it has left, and ends; started again it ends again, runs nothing and takes nothing', async () => {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 3, ...distinct })
  runJob(world, first, jobSpec({ name: 'log', type: 'system' }))
  world.until('a copy of it on each board', () => boards.every((board) => board.tasks.size === 2), minuteMs)
  runJob(world, first, jobSpec({ count: 2, ...distinct }))
  world.until('two are left', () => slotsOf(job, 3).filter((id) => runners(world, id).length > 0).length === 2, minuteMs)
  const going = home(world, slot(job, 0))
  const others = boards.filter((board) => board !== going)
  const cli = await cliOnWorld(world, () => others[0]!)
  const asked = await cli.run(['node', 'leave', going.spec.name, '--detach'])
  assert.equal(asked.exitCode, 0, asked.stderr)
  world.until('its agent has ended', () => hasEnded(going), 5 * minuteMs)
  assert.equal(going.tasks.size, 0)
  for (const other of others) assert.equal(livenessAt(other, going), 'left')
  assert.deepEqual(
    slotsOf(job, 2).map((id) => runners(world, id).length),
    [1, 1],
  )
  const shown = await cli.run(['node', 'status', going.spec.name])
  assert.match(shown.stdout, /State +left\b/)
  assert.doesNotMatch(shown.stdout, /leaving/)
  const again = await cli.run(['node', 'leave', going.spec.name])
  assert.deepEqual([again.exitCode, again.stdout], [0, `node ${going.spec.name} has left already\n`])
  // What is wished of it afterwards does not bring it back.
  await cli.run(['node', 'drain', going.spec.name, '--disable'])
  const starts = count(world, 'start', { board: going })
  world.boot(going)
  world.until('it has ended again', () => hasEnded(going), minuteMs)
  assert.equal(count(world, 'start', { board: going }), starts)
  assert.ok(others.every((board) => livenessAt(board, going) === 'left'))
  // Those that are there are all that are counted: nobody waits for one that left.
  runJob(world, others[0]!, jobSpec({ name: 'both', count: 2, ...distinct }))
  const explained = await cli.run(['job', 'explain', 'both', '-o', 'json'])
  assert.match(explained.stdout, /"left"/)
  assert.match((await cli.run(['node', 'status', '-o', 'json'])).stdout, /"nodesTotal": 2/)
  await cli.close()
})

test('with no place for its work it waits and runs it on; after the deadline it stops that, and has left', () => {
  const { world, boards } = bootPool(2)
  const job = place(world, { count: 2, ...distinct })
  const going = home(world, slot(job, 0))
  const other = boards.find((board) => board !== going)!
  leave(world, other, going, 5 * minuteMs)
  world.run(4 * minuteMs)
  assert.deepEqual(runners(world, slot(job, 0)), [going.spec.name])
  assert.equal(livenessAt(other, going), 'alive')
  world.until('it has ended', () => hasEnded(going), 2 * minuteMs)
  assert.deepEqual(runners(world, slot(job, 0)), [])
  assert.deepEqual(runners(world, slot(job, 1)), [other.spec.name])
  const claim = other.core!.state!.view.claims.get(slot(job, 0))!.find(({ node }) => node === going.spec.id)
  assert.equal(claim?.reason.split(':')[0], 'leaving')
})

test('it ends once a neighbour has its word, whatever else is never the same there for a moment', () => {
  const { world, boards } = bootPool(3, { delayMs: 400 })
  const [going, other] = boards as [Board, Board, Board]
  const job = place(world, { count: 0 })
  // As in a pool that is never at rest: no frame that it gets is of one that holds all the same.
  const holdsTheSame = (bytes: Uint8Array): boolean => {
    const frame = decodeFrame(bytes)
    if (!frame.ok || frame.value.kind !== 'sync' || frame.value.scope !== 'pool') return false
    return frame.value.frame.kind !== 'more' && frame.value.frame.root === rootOf(crypto, going.core!.state!.index.pool)
  }
  leave(world, other, going)
  world.watch = (board, event, step) => (board === going && event.kind === 'frame' && holdsTheSame(event.bytes) ? [] : step())
  for (let round = 0; round < 300 && !hasEnded(going); round++) {
    edit(world, other, jobDocId(job), 'default', () => new Map([['spec/meta/round', String(round)]]))
    world.run(200)
  }
  assert.ok(hasEnded(going))
  assert.equal(livenessAt(other, going), 'left')
})

test('once others know that it has left it takes no change: it ends before anybody else may have it', async () => {
  const { world, boards, first } = bootPool(3)
  leave(world, first, boards[2]!)
  world.until('others know that it has left', () => boards[2]!.core!.state!.leave.overAt !== null, minuteMs)
  const cli = await cliOnWorld(world, () => boards[2]!)
  const refused = await cli.run(['node', 'drain', 'b0', '--detach'])
  assert.equal(refused.exitCode, 1)
  assert.match(
    refused.stderr,
    /^error E_LEFT: this board has left its fleet, so nothing was accepted\nhint: send the change to another peer$/m,
  )
  assert.ok(!hasEnded(boards[2]!))
  await cli.close()
})

test('taken back while it drains it stays; a drain afterwards is a drain only', async () => {
  const { world, boards } = bootPool(2)
  const job = place(world, { count: 2, ...distinct })
  const [first, second] = boards as [Board, Board]
  const cli = await cliOnWorld(world, () => second)
  await cli.run(['node', 'leave', first.spec.name, '--detach'])
  world.run(minuteMs)
  assert.match((await cli.run(['node', 'status', first.spec.name])).stdout, /State +alive, leaving/)
  await cli.run(['node', 'drain', first.spec.name, '--disable'])
  world.run(minuteMs)
  assert.ok(said(first, 'taken it back'))
  runJob(world, second, jobSpec({ count: 1 }))
  await cli.run(['node', 'drain', first.spec.name, '--detach'])
  world.until('it is empty', () => first.tasks.size === 0, minuteMs)
  world.run(minuteMs)
  assert.deepEqual([hasEnded(first), livenessAt(second, first), runners(world, slot(job)).length], [false, 'alive', 1])
  await cli.close()
})

test('cut off it stops by force, and ends only once somebody else knows that it has left', () => {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 3, ...distinct })
  const others = boards.slice(1)
  world.split([first], others)
  world.run(minuteMs / 2)
  leave(world, first, first, 0)
  world.until('it holds nothing', () => first.tasks.size === 0, minuteMs)
  world.run(10 * minuteMs)
  assert.equal(hasEnded(first), false)
  assert.notEqual(livenessAt(others[0]!, first), 'left')
  world.powerCut(first)
  world.boot(first)
  world.run(minuteMs)
  assert.equal(hasEnded(first), false)
  world.heal()
  world.until('it has ended', () => hasEnded(first), 2 * minuteMs)
  for (const other of others) assert.equal(livenessAt(other, first), 'left')
  assert.equal(slotsOf(job, 3).filter((id) => runners(world, id).includes(first.spec.name)).length, 0)
})

test('the only one that has its word has it on disk: a power cut as the leaving board ends does not take it away', () => {
  const { world, boards } = bootPool(3)
  const [going, other, away] = boards as [Board, Board, Board]
  world.split([going, other], [away])
  world.until('the other knows that they are two', () => livenessAt(other, away) === 'disconnected', 2 * minuteMs)
  leave(world, other, going)
  world.until('the other shows that it has its word', () => going.core!.state!.leave.overAt !== null, 5 * minuteMs)
  world.powerCut(other, 1_000)
  world.until('it has ended', () => hasEnded(going), minuteMs)
  world.boot(other)
  world.heal()
  world.until('all who are there know', () => [other, away].every((board) => livenessAt(board, going) === 'left'), 2 * minuteMs)
})

test('two that leave on one side of a cut do not end on each other’s word: somebody who stays has to know', () => {
  const { world, boards } = bootPool(4)
  const [first, second, ...others] = boards as [Board, Board, Board, Board]
  world.split([first, second], others)
  for (const board of [first, second]) leave(world, first, board, 0)
  world.run(10 * minuteMs)
  assert.ok(!hasEnded(first) || !hasEnded(second))
  world.heal()
  world.until('both have ended', () => hasEnded(first) && hasEnded(second), 2 * minuteMs)
  for (const other of others) for (const board of [first, second]) assert.equal(livenessAt(other, board), 'left')
})

test('two boards that are all of the fleet leave at once, and both end', () => {
  const { world, boards } = bootPool(2)
  const [first, second] = boards as [Board, Board]
  for (const board of boards) leave(world, board === first ? second : first, board, 0)
  world.until('both have ended', () => boards.every(hasEnded), minuteMs)
})

test('a task that no claim here explains is stopped by force as well: its job may never be heard of', () => {
  const { world, boards, first } = bootPool(2)
  const job = place(world, { count: 2, ...distinct })
  world.kill(first)
  first.disk.replaceBy(new Map())
  world.split([first], boards.slice(1))
  world.boot(first)
  world.run(minuteMs / 2)
  assert.equal(first.core!.state!.orphans.length, 1)
  leave(world, first, first, 0)
  world.until('nothing runs there', () => first.tasks.size === 0, minuteMs)
  world.heal()
  world.until('it has ended', () => hasEnded(first), 2 * minuteMs)
  assert.deepEqual(
    slotsOf(job, 2).flatMap((id) => runners(world, id)),
    [boards[1]!.spec.name],
  )
})

test('while its engine does not answer it stays, also beyond its deadline: what that may run would run for ever', () => {
  const { world, boards } = bootPool(3)
  const job = place(world)
  const going = home(world, slot(job))
  const [other] = boards.filter((board) => board !== going)
  world.kill(going)
  going.isDriverSilent = true
  world.tasks.refuse = (board) => (board === going && going.isDriverSilent ? 'E_DRIVER_DOWN' : null)
  world.boot(going)
  leave(world, other!, going, 30_000)
  world.until('its copy runs elsewhere as well', () => runners(world, slot(job)).length === 2, 5 * minuteMs)
  world.run(5 * minuteMs)
  assert.ok(!hasEnded(going) && livenessAt(other!, going) === 'alive')
  going.isDriverSilent = false
  const now = world.queue.now
  world.feed(going, { kind: 'adopted', now, running: [...going.tasks.values()] })
  const fingerprint = { health: { healthy: true, reason: '' }, attributes: {}, images: [] }
  world.feed(going, { kind: 'fingerprint', now, driver: 'raw_exec', fingerprint })
  world.until('it has left, and runs nothing', () => hasEnded(going) && going.tasks.size === 0, 5 * minuteMs)
})

test('a driver that its configuration no longer has is not waited for', () => {
  const drivers = ['docker', 'raw_exec'] as const
  const { world, boards } = bootPool(3, { board: () => ({ drivers }) })
  const { command: _, ...config } = jobSpec().groups[0]!.tasks[0]!.config
  const job = place(world, {
    group: { tasks: [{ ...jobSpec().groups[0]!.tasks[0]!, driver: 'docker', config: { ...config, image: 'app' } }] },
  })
  const going = home(world, slot(job))
  const [other] = boards.filter((board) => board !== going)
  world.run(10_000)
  world.powerCut(going)
  Object.assign(going.spec, { drivers: ['raw_exec'] })
  world.boot(going)
  leave(world, other!, going, 30_000)
  world.until('it has left', () => hasEnded(going), 10 * minuteMs)
})

test('a board that is the only one has nobody to tell', () => {
  const { world, first } = bootPool(1)
  place(world)
  leave(world, first, first, 0)
  world.until('it has ended', () => hasEnded(first), minuteMs)
  assert.equal(first.tasks.size, 0)
})

test('with a disk of before it left it comes up, hears what was wished, and leaves again', () => {
  const { world, boards, first } = bootPool(3)
  world.run(minuteMs / 2)
  const image = new Map(first.disk)
  leave(world, boards[1]!, first)
  world.until('it has ended', () => hasEnded(first), minuteMs)
  first.disk.replaceBy(image)
  world.boot(first)
  world.until('it has ended again', () => hasEnded(first), 2 * minuteMs)
  world.run(minuteMs)
  for (const other of boards.slice(1)) assert.equal(livenessAt(other, first), 'left')
})

test('its seat is another’s: one more board than the token’s count is a full member once one of them has left', () => {
  const world = certifiedWorld([{}, {}, {}])
  const boards = [...world.boards.values()]
  boot(world, boards)
  state(world, boards[0]!, stated(firstToken, { count: 2 }))
  const surplusOf = (at: Board): Board[] => boards.filter((board) => standingOf(at, board) === 'surplus')
  world.until('one is beyond the count', () => surplusOf(boards[0]!).length === 1, minuteMs)
  const [beyond] = surplusOf(boards[0]!)
  const [going, stays] = boards.filter((board) => board !== beyond) as [Board, Board]
  wish(world, stays, going, leaveWish())
  world.until('it has ended', () => hasEnded(going), minuteMs)
  world.until('nobody is beyond the count', () => [stays, beyond!].every((board) => surplusOf(board).length === 0), minuteMs)
  assert.equal(stays.core!.state!.view.nodes.get(beyond!.spec.id)!.eligible, true)
})
